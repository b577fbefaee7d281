public import NIOCore

/// One request to an API.
public struct APIRequest: Sendable {
  /// Whether it is a POST; else a GET.
  public var isPost: Bool
  /// It may carry a key, and is not to be shown.
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: ByteBuffer?

  public init(isPost: Bool, url: String, headers: [(name: String, value: String)] = [], body: ByteBuffer? = nil) {
    (self.isPost, self.url, self.headers, self.body) = (isPost, url, headers, body)
  }
}

/// An answer that is not what the API promises.
public struct APIProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// An API that says something of objects: makes requests and reads answers, without I/O.
public protocol IdentificationAPI: Sendable {
  var kind: APIKind { get }
  /// Objects that one request may ask for.
  var batch: Int { get }
  /// What one request is estimated to cost, in the currency of the budget.
  var cost: Double { get }

  /// - Parameter known: what was found of each subject before.
  /// - Returns: `nil` when it can say nothing of these.
  func request(for subjects: [IdentificationSubject], known: [[String: String]]) -> APIRequest?

  /// - Returns: the findings for each of `count` subjects that were asked for.
  func findings(in body: ByteBuffer, count: Int) throws(APIProblem) -> [[String: String]]
}

/// The APIs there are, as in metrics and settings.
public enum APIKind: String, Sendable, CaseIterable {
  /// An endpoint that speaks OpenAI's chat completions with pictures.
  case vision
  /// Google Lens by SerpApi.
  case googleLens = "google_lens"
  /// Perplexity, for how large things are.
  case dimensions
}

/// The longest text of a finding, characters.
let longestFinding = 1_000

extension String {
  /// Without space around it and not longer than a finding may be.
  var asFinding: String { String(trimmingPrefixAndSuffix.prefix(longestFinding)) }

  private var trimmingPrefixAndSuffix: Substring {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }

  /// Without the fence that language models like to put around JSON.
  var withoutFence: String {
    let text = String(trimmingPrefixAndSuffix)
    guard text.hasPrefix("```"), text.hasSuffix("```"), let line = text.firstIndex(of: "\n") else { return text }
    return String(text[text.index(after: line)...].dropLast(3)).asFinding
  }
}
