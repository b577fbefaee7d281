import Foundation
import NIOCore

/// The body of a request for a chat completion. Source: OpenAI API reference, "Create chat completion".
struct ChatRequest: Encodable {
  struct Message: Encodable {
    var role: String
    var content: [Part]
  }

  enum Part: Encodable {
    case text(String)
    /// A JPEG.
    case picture([UInt8])

    private enum Keys: String, CodingKey {
      case type, text, url
      case imageURL = "image_url"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Keys.self)
      switch self {
      case .text(let text):
        try container.encode("text", forKey: .type)
        try container.encode(text, forKey: .text)
      case .picture(let bytes):
        try container.encode("image_url", forKey: .type)
        var picture = container.nestedContainer(keyedBy: Keys.self, forKey: .imageURL)
        try picture.encode("data:image/jpeg;base64," + Data(bytes).base64EncodedString(), forKey: .url)
      }
    }
  }

  var model: String
  var messages: [Message]
  var maxTokens: Int
  var temperature = 0

  enum CodingKeys: String, CodingKey {
    case model, messages, temperature
    case maxTokens = "max_tokens"
  }

  /// With its keys sorted, so that the same question gives the same bytes.
  func encoded() -> ByteBuffer? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { ByteBuffer(bytes: $0) }
  }

  func request(to url: String, key: APIKey?) -> APIRequest? {
    guard let body = encoded() else { return nil }
    var headers = [(name: "Content-Type", value: "application/json")]
    if let key { headers.append(("Authorization", "Bearer \(key.text)")) }
    return APIRequest(isPost: true, url: url, headers: headers, body: body)
  }
}

/// What is read of a chat completion.
struct ChatAnswer: Decodable {
  struct Choice: Decodable {
    struct Message: Decodable { var content: String? }
    var message: Message
  }

  var choices: [Choice]

  /// The text of the first choice.
  static func text(in body: ByteBuffer) throws(APIProblem) -> String {
    guard let answer = try? JSONDecoder().decode(ChatAnswer.self, from: Data(body.readableBytesView)) else {
      throw APIProblem("no chat completion")
    }
    guard let text = answer.choices.first?.message.content, !text.asFinding.isEmpty else {
      throw APIProblem("an empty chat completion")
    }
    return text
  }
}
