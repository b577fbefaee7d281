public import MediaModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The name of a session and of its folder: its start as `%Y%m%d_%H%M%S` in UTC, so that names sort by time and no hour
/// comes twice; a second one of the same second gets `_2`.
public struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String

  /// - Returns: `nil` when `text` is not the name of a session.
  public init?(_ text: String) {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts[0].utf8.count == 8, parts[1].utf8.count == 6 else { return nil }
    guard parts.count == 2 || (1...9).contains(parts[2].utf8.count) else { return nil }
    guard parts.allSatisfy({ $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }) else {
      return nil
    }
    self.text = text
  }

  /// The session that begins at a moment.
  /// - Parameter attempt: 1, or the number of the attempt to find a free name.
  public init(start: WallTime, attempt: Int = 1) {
    var seconds = time_t(start.nanosSince1970 / 1_000_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: Int32, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    text =
      padded(parts.tm_year + 1_900, 4) + padded(parts.tm_mon + 1, 2) + padded(parts.tm_mday, 2) + "_"
      + padded(parts.tm_hour, 2) + padded(parts.tm_min, 2) + padded(parts.tm_sec, 2)
      + (attempt > 1 ? "_\(attempt)" : "")
  }

  public var description: String { text }

  public static func < (left: SessionID, right: SessionID) -> Bool {
    let (a, b) = (left.text.split(separator: "_"), right.text.split(separator: "_"))
    if a[0] != b[0] { return a[0] < b[0] }
    if a[1] != b[1] { return a[1] < b[1] }
    return (a.count > 2 ? Int(a[2]) ?? 0 : 0) < (b.count > 2 ? Int(b[2]) ?? 0 : 0)
  }
}
