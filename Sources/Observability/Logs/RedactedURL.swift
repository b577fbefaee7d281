/// A URL as it may be logged: without user, password, query and fragment.
///
/// It errs on the side of hiding: what stands in front of an `@` is taken for credentials, even where a password
/// was not percent-encoded as RFC 3986 §3.2.1 demands.
public struct RedactedURL: CustomStringConvertible, Sendable, Hashable {
  public let description: String

  /// - Parameter url: a URL, or the path of a file, which stays as it is.
  public init(_ url: String) {
    guard let colon = url.range(of: "://") else {
      description = url
      return
    }
    let scheme = url[..<colon.lowerBound]
    var rest = url[colon.upperBound...]
    if let end = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) {
      // An @ further on may end a password that has a raw ? or #: then nothing of the address is certain.
      if !rest[..<end].contains("@"), rest[end...].contains("@") {
        description = "\(scheme)://…"
        return
      }
      rest = rest[..<end]
    }
    if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
    description = "\(scheme)://\(rest)"
  }
}

extension String {
  /// The first occurrence of a short text; the standard library has none for strings.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
