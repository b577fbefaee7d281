import Foundation
public import NIOCore

/// Google Lens by SerpApi, which loads the picture itself: it needs a URL that anybody can load from, and says nothing of
/// objects without one.
///
/// Source: SerpApi, "Google Lens API": `GET /search.json?engine=google_lens&url=…&api_key=…`.
public struct GoogleLens: IdentificationAPI {
  private let base: String
  private let key: APIKey
  public let cost: Double

  /// - Parameter base: another server than SerpApi's, for tests.
  /// - Throws: ``IdentificationError/address(_:)``.
  public init(key: APIKey, base: String = "https://serpapi.com", cost: Double = 0.015) throws(IdentificationError) {
    self.base = try ServerAddress.checked(base, name: "the address of SerpApi")
    (self.key, self.cost) = (key, cost)
  }

  public var kind: APIKind { .googleLens }
  public var batch: Int { 1 }

  public func request(for subjects: [IdentificationSubject], known: [[String: String]]) -> APIRequest? {
    guard let picture = subjects.first?.publicURL, subjects.count == 1 else { return nil }
    let query = [("engine", "google_lens"), ("url", picture), ("api_key", key.text)]
      .map { "\($0)=\(Self.escaped($1))" }.joined(separator: "&")
    return APIRequest(isPost: false, url: "\(base)/search.json?\(query)", headers: [("Accept", "application/json")])
  }

  /// Percent-encoded but for what RFC 3986 calls unreserved.
  private static func escaped(_ text: String) -> String {
    var allowed = CharacterSet(charactersIn: "a"..."z")
    allowed.formUnion(CharacterSet(charactersIn: "A"..."Z"))
    allowed.formUnion(CharacterSet(charactersIn: "0"..."9"))
    allowed.formUnion(CharacterSet(charactersIn: "-._~"))
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
  }

  private struct Answer: Decodable {
    struct Match: Decodable {
      var title: String?
      var link: String?
    }

    var error: String?
    var matches: [Match]?

    enum CodingKeys: String, CodingKey {
      case error
      case matches = "visual_matches"
    }
  }

  public func findings(in body: ByteBuffer, count: Int) throws(APIProblem) -> [[String: String]] {
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView)) else {
      throw APIProblem("no JSON of a search")
    }
    let titled = (answer.matches ?? []).filter { !($0.title ?? "").asFinding.isEmpty }
    guard let first = titled.first else {
      // The text may repeat what was asked, with the key.
      if answer.error != nil { throw APIProblem("the search failed") }
      return [[:]]
    }
    var findings = ["google_lens": titled.prefix(3).compactMap(\.title).joined(separator: "; ").asFinding]
    if let link = first.link, link.hasPrefix("http") { findings["google_lens_link"] = link.asFinding }
    return [findings]
  }
}
