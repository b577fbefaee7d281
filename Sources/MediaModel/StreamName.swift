/// The name of a live video: 1 to 64 of `A–Z a–z 0–9 . _ -`, not starting with a dot.
///
/// Names appear in URLs, file names and broker queues, hence the narrow alphabet.
public struct StreamName: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The name as text.
  public let text: String

  /// The stream that is meant when none is named.
  public static let `default` = StreamName(unchecked: "drone")

  /// - Returns: `nil` when `text` is empty, too long, starts with a dot or has other characters.
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard (1...64).contains(bytes.count), bytes.first != UInt8(ascii: ".") else { return nil }
    guard bytes.allSatisfy(Self.isAllowed) else { return nil }
    self.text = String(text)
  }

  private init(unchecked text: String) { self.text = text }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  public var description: String { text }
  public static func < (left: StreamName, right: StreamName) -> Bool { left.text < right.text }
}
