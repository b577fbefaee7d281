import Foundation
public import NIOCore

/// Perplexity, asked how large the thing is that the other APIs, or detection, named.
///
/// Source: Perplexity API reference, "Chat completions".
public struct DimensionSearch: IdentificationAPI {
  private let url: String
  private let model: String
  private let key: APIKey
  public let cost: Double

  /// - Parameter base: another server than Perplexity's, for tests.
  /// - Throws: ``IdentificationError/address(_:)``.
  public init(
    key: APIKey, base: String = "https://api.perplexity.ai", model: String = "sonar", cost: Double = 0.006
  ) throws(IdentificationError) {
    url = try ServerAddress.checked(base, name: "the address of Perplexity") + "/chat/completions"
    (self.key, self.model, self.cost) = (key, model, cost)
  }

  public var kind: APIKind { .dimensions }
  public var batch: Int { 1 }

  public func request(for subjects: [IdentificationSubject], known: [[String: String]]) -> APIRequest? {
    guard let subject = subjects.first, subjects.count == 1 else { return nil }
    let found = known.first ?? [:]
    let name = found["name"] ?? found["google_lens"] ?? subject.label
    guard !name.asFinding.isEmpty else { return nil }
    let task = """
      State the real-world dimensions of what is named, from reliable sources. Answer with JSON and nothing else: \
      {"length_m": number, "width_m": number, "height_m": number}; null where unknown.
      """
    return ChatRequest(
      model: model,
      messages: [
        .init(role: "system", content: [.text(task)]),
        .init(role: "user", content: [.text(String(name.asFinding.prefix(300)))]),
      ], maxTokens: 200
    ).request(to: url, key: key)
  }

  private struct Sizes: Decodable {
    var length: Double?
    var width: Double?
    var height: Double?

    enum CodingKeys: String, CodingKey {
      case length = "length_m"
      case width = "width_m"
      case height = "height_m"
    }
  }

  public func findings(in body: ByteBuffer, count: Int) throws(APIProblem) -> [[String: String]] {
    let text = try ChatAnswer.text(in: body)
    guard let sizes = try? JSONDecoder().decode(Sizes.self, from: Data(text.withoutFence.utf8)) else {
      return [["dimensions": text.asFinding]]
    }
    var findings: [String: String] = [:]
    for (name, value) in [("length_m", sizes.length), ("width_m", sizes.width), ("height_m", sizes.height)] {
      // What is not between a tenth of a millimetre and ten kilometres is no size of an object.
      if let value, (1e-4...1e4).contains(value) { findings[name] = "\(value)" }
    }
    return [findings]
  }
}
