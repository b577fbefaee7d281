import Foundation
public import NIOCore

/// Any endpoint that speaks OpenAI's chat completions with pictures: pictures go along as data URLs, several in one request.
public struct VisionEndpoint: IdentificationAPI {
  private let url: String
  private let model: String
  private let key: APIKey?
  public let batch: Int
  public let cost: Double

  /// - Parameters:
  ///   - base: such as `https://api.openai.com/v1`; the rest of the path is added.
  ///   - key: `nil` for servers of one's own that ask for none.
  /// - Throws: ``IdentificationError/address(_:)``.
  public init(base: String, model: String, key: APIKey?, batch: Int = 4, cost: Double = 0.01)
    throws(IdentificationError)
  {
    url = try ServerAddress.checked(base, name: "the address of the vision endpoint") + "/chat/completions"
    (self.model, self.key, self.batch, self.cost) = (model, key, max(1, batch), cost)
  }

  public var kind: APIKind { .vision }

  public func request(for subjects: [IdentificationSubject], known: [[String: String]]) -> APIRequest? {
    guard !subjects.isEmpty else { return nil }
    var parts: [ChatRequest.Part] = []
    for (index, subject) in subjects.enumerated() {
      let hint = subject.label.isEmpty ? "" : ", found as “\(subject.label.prefix(100))”"
      parts += [.text("Picture \(index + 1)\(hint):"), .picture(subject.jpeg)]
    }
    let task = """
      Each picture shows one object. Say what it is, as exactly as the picture allows. Answer with a JSON array of \
      \(subjects.count) objects, one for each picture in order, and nothing else: \
      [{"name": "kind, make and model", "description": "one sentence"}]
      """
    return ChatRequest(
      model: model,
      messages: [
        .init(role: "system", content: [.text(task)]), .init(role: "user", content: parts),
      ], maxTokens: 200 * subjects.count
    ).request(to: url, key: key)
  }

  private struct Entry: Decodable {
    var name: String
    var description: String?
  }

  public func findings(in body: ByteBuffer, count: Int) throws(APIProblem) -> [[String: String]] {
    let text = try ChatAnswer.text(in: body)
    guard let entries = try? JSONDecoder().decode([Entry].self, from: Data(text.withoutFence.utf8)) else {
      // Of one picture, a plain sentence is an answer too.
      guard count == 1 else { throw APIProblem("no JSON for \(count) pictures") }
      return [["name": text.asFinding]]
    }
    guard entries.count == count else { throw APIProblem("\(entries.count) answers for \(count) pictures") }
    return entries.map { entry in
      var findings = ["name": entry.name.asFinding]
      if let description = entry.description, !description.asFinding.isEmpty {
        findings["description"] = description.asFinding
      }
      return findings
    }
  }
}

/// The addresses of servers.
enum ServerAddress {
  /// - Returns: the URL without a slash at its end.
  static func checked(_ text: String, name: String) throws(IdentificationError) -> String {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      scheme == "https" || scheme == "http", let host = parts.host, !host.isEmpty, parts.query == nil
    else { throw .address(name) }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }
}
