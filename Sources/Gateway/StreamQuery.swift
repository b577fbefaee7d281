public import MediaModel
public import Relay
import HummingbirdCore

/// What the query of a video address asks for: `?stream=NAME&format=…&policy=…&deadline=300ms`.
public struct StreamQuery: Hashable, Sendable {
  /// How access units are put into messages.
  public enum Format: String, Sendable, CaseIterable {
    /// The bytes as they are; the parameter sets in front where needed.
    case annexb
    /// Packets of the phone protocol, so that the capture time survives.
    case packets
    /// An initialization segment and one movie fragment per access unit, for Media Source.
    case fmp4
  }

  /// Why a query cannot be served; the text names the parameter and what is allowed.
  public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String
  }

  public var stream = StreamName.default
  public var format = Format.annexb
  public var policy = ReaderPolicy.decodable
  public var deadline: Nanoseconds?
  /// Of a publisher: whether it sends a recording once more.
  public var isReplay = false
  /// The token, if the query carries one.
  public var token: String?

  /// - Parameter target: path and query of the request.
  public init(target: String) throws(Problem) {
    let query = URI(target).queryParameters
    token = query["token"].map(String.init)
    isReplay = try Self.flag(query["replay"], of: "replay")
    if let text = query["stream"] { stream = try Self.streamName(text) }
    if let text = query["format"] { format = try Self.choice(text, of: "format") }
    if let text = query["policy"] { policy = try Self.choice(text, of: "policy") }
    if let text = query["deadline"] {
      guard let length = Self.milliseconds(text) else {
        throw Problem(
          description: "deadline=\(text.prefix(40)): expected milliseconds from 1ms to 60000ms, such as 300ms")
      }
      deadline = length
    }
  }

  static func streamName(_ text: Substring) throws(Problem) -> StreamName {
    if let name = StreamName(text) { return name }
    throw Problem(description: "stream=\(text.prefix(80)): a name has 1 to 64 of A-Z a-z 0-9 . _ - and no dot first")
  }

  static func flag(_ text: Substring?, of name: String) throws(Problem) -> Bool {
    switch text {
    case nil, "0": return false
    case "1": return true
    case let other?: throw Problem(description: "\(name)=\(other.prefix(40)): expected 0 or 1")
    }
  }

  private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ text: Substring, of name: String
  ) throws(Problem) -> Choice {
    if let choice = Choice(rawValue: String(text)) { return choice }
    let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw Problem(description: "\(name)=\(text.prefix(40)): expected one of \(allowed)")
  }

  private static func milliseconds(_ text: Substring) -> Nanoseconds? {
    guard text.hasSuffix("ms"), let value = Int64(text.dropLast(2)), (1...60_000).contains(value) else { return nil }
    return .milliseconds(value)
  }
}
