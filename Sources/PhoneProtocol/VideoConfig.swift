#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The text message that a publisher sends once after connecting.
public struct VideoConfig: Codable, Hashable, Sendable {
  /// Always `video_config`.
  public var type: String
  /// `h264`, or absent.
  public var format: String?
  /// Who sends, such as `simulator`.
  public var source: String?
  public var mode: String?
  /// `au`: every frame packet is exactly one access unit (an extension of ours, so that nothing needs to be guessed).
  public var aligned: String?
  /// Whether it makes a key frame when it is sent `request_key_frame`; senders that are not known to say so are sent
  /// nothing.
  public var key_frame_requests: Bool?

  public init(source: String?, mode: String? = "video", isAligned: Bool) {
    type = "video_config"
    format = "h264"
    self.source = source
    self.mode = mode
    aligned = isAligned ? "au" : nil
  }

  /// Whether every frame packet is exactly one access unit.
  public var isAligned: Bool { aligned == "au" }

  /// The message as JSON with sorted keys.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Encoding optional strings cannot fail: there are no numbers that JSON lacks, and no invalid keys.
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}

/// A text message of a publisher.
public enum PublisherText: Hashable, Sendable {
  case videoConfig(VideoConfig)
  /// A JSON object of another type; publishers may say more than we know.
  case other(type: String?)

  /// Reads a text message.
  ///
  /// - Parameter limit: bytes above which nothing is read.
  public static func parse(_ text: String, limit: Int = 65_536) throws(PublisherTextError) -> PublisherText {
    let bytes = text.utf8.count
    guard bytes <= limit else { throw .oversized(bytes: bytes, limit: limit) }
    let data = Data(text.utf8)
    guard let envelope = try? JSONDecoder().decode(Envelope.self, from: data) else { throw .notAnObject }
    guard envelope.type == "video_config" else { return .other(type: envelope.type) }
    guard let config = try? JSONDecoder().decode(VideoConfig.self, from: data) else { throw .malformedConfig }
    if let format = config.format, !["h264", "h.264", "avc"].contains(format.lowercased()) {
      throw .unsupportedFormat
    }
    return .videoConfig(config)
  }

  private struct Envelope: Decodable {
    var type: String?
  }
}

/// Why a text message of a publisher is of no use.
public enum PublisherTextError: Error, Hashable, Sendable, CustomStringConvertible {
  case oversized(bytes: Int, limit: Int)
  case notAnObject
  /// A member of `video_config` has another JSON type than text.
  case malformedConfig
  /// The publisher announces something else than H.264.
  case unsupportedFormat

  /// The reason as a label value: a closed set, without data of the sender.
  public var reason: String {
    switch self {
    case .oversized: "text_oversized"
    case .notAnObject: "text_not_an_object"
    case .malformedConfig: "text_malformed_config"
    case .unsupportedFormat: "text_unsupported_format"
    }
  }

  /// Every value of ``reason``.
  public static let reasons = [
    "text_oversized", "text_not_an_object", "text_malformed_config", "text_unsupported_format",
  ]

  public var description: String {
    switch self {
    case .oversized(let bytes, let limit): "text message of \(bytes) bytes, limit \(limit)"
    case .notAnObject: "text message that is not a JSON object"
    case .malformedConfig: "video_config with members of a wrong type"
    case .unsupportedFormat: "video_config announces a format other than h264"
    }
  }
}
