#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
public import NIOCore

/// A body that is JSON. Keys are sorted, so that the same value gives the same bytes.
public protocol JSONBody: Codable, Sendable {
  /// The topic that it is published on when nobody says otherwise.
  static var topic: Topic { get }
}

/// A body that cannot be written or read.
public enum BusBodyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// It holds a number that JSON lacks.
  case notRepresentable(topic: Topic)
  /// It is not what the topic carries.
  case malformed(topic: Topic, reason: String)

  public var description: String {
    switch self {
    case .notRepresentable(let topic): "a body for \(topic.rawValue) has a number that JSON cannot express"
    case .malformed(let topic, let reason): "a body of \(topic.rawValue) is malformed: \(reason)"
    }
  }
}

extension JSONBody {
  /// The body as bytes.
  /// - Throws: ``BusBodyError/notRepresentable(topic:)`` for infinities and NaN.
  public func encoded() throws(BusBodyError) -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { throw .notRepresentable(topic: Self.topic) }
    return ByteBuffer(bytes: data)
  }

  /// A message with this body.
  public func message(
    on topic: Topic = Self.topic, headers: [String: BusHeaderValue] = [:]
  ) throws(BusBodyError) -> BusMessage {
    BusMessage(topic: topic, body: try encoded(), contentType: BusMessage.json, headers: headers)
  }

  /// Reads a body.
  public init(_ body: ByteBuffer) throws(BusBodyError) {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(body.readableBytesView))
    } catch {
      throw .malformed(topic: Self.topic, reason: "\(error)")
    }
  }
}
