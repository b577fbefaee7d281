/// Where media comes from or goes to: a URL, a file, a device, or `-` for standard input.
///
/// Printing one is safe: user names, passwords and query strings, which carry tokens, are left out.
public struct MediaLocation: Hashable, Sendable, CustomStringConvertible {
  /// The location as it was given, credentials included.
  public let text: String

  /// - Parameter text: a URL, a path, or `-`.
  public init(_ text: String) { self.text = text }

  /// The scheme of a URL in lower case; `nil` for paths and `-`.
  public var scheme: String? {
    guard let separator = text.firstRange(of: "://") else { return nil }
    return text[..<separator.lowerBound].lowercased()
  }

  /// Whether this is standard input.
  public var isStandardInput: Bool { text == "-" }

  /// Whether this is a path, of a file or a device.
  public var isPath: Bool { scheme == nil && !isStandardInput }

  /// Whether data comes at the pace of the world rather than as fast as it is read.
  public var isLive: Bool {
    switch scheme {
    case nil: text.hasPrefix("/dev/")
    case "file": false
    case "http", "https": false
    default: true
    }
  }

  /// The location without credentials and query.
  public var description: String {
    if isStandardInput { return "standard input" }
    return isPath ? text : Self.withoutCredentials(String(text.prefix { $0 != "?" }))
  }

  /// `text` with the user information of every URL in it removed.
  static func withoutCredentials(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let separator = rest.firstRange(of: "://") {
      result += rest[..<separator.upperBound]
      rest = rest[separator.upperBound...]
      let authority = rest.prefix { !"/? \"'\n".contains($0) }
      if let at = authority.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
    }
    return result + rest
  }
}
