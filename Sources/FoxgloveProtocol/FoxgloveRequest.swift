import Foundation
import NIOCore

/// Why a message of a client is not followed, in the words that it is told.
struct FoxgloveReject: Error, Equatable {
  var message: String

  init(_ message: String) { self.message = message }

  static func malformed(_ reason: String) -> FoxgloveReject { FoxgloveReject("Invalid message: \(reason)") }
}

/// What a client says in JSON.
enum FoxgloveRequest: Equatable {
  struct Subscription: Equatable, Decodable {
    /// Chosen by the client; it comes back with each message.
    var id: UInt32
    var channelID: UInt32

    enum CodingKeys: String, CodingKey {
      case id
      case channelID = "channelId"
    }
  }

  case subscribe([Subscription])
  case unsubscribe([UInt32])
  /// What needs a capability that this server does not have.
  case unsupported(capability: String)

  private struct Operation: Decodable {
    var op: String
  }

  private struct Subscribe: Decodable {
    var subscriptions: [Subscription]
  }

  private struct Unsubscribe: Decodable {
    var subscriptionIds: [UInt32]
  }

  private static let capabilities = [
    "advertise": "clientPublish", "unadvertise": "clientPublish", "getParameters": "parameters",
    "setParameters": "parameters", "subscribeParameterUpdates": "parametersSubscribe",
    "unsubscribeParameterUpdates": "parametersSubscribe", "subscribeConnectionGraph": "connection graph",
    "unsubscribeConnectionGraph": "connection graph", "fetchAsset": "assets",
  ]

  init(_ text: ByteBuffer) throws(FoxgloveReject) {
    let operation = try Self.decode(Operation.self, text).op
    switch operation {
    case "subscribe": self = .subscribe(try Self.decode(Subscribe.self, text).subscriptions)
    case "unsubscribe": self = .unsubscribe(try Self.decode(Unsubscribe.self, text).subscriptionIds)
    default:
      guard let capability = Self.capabilities[operation] else {
        throw .malformed("unknown op '\(operation.prefix(40))'")
      }
      self = .unsupported(capability: capability)
    }
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ text: ByteBuffer) throws(FoxgloveReject) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(text.readableBytesView))
    } catch DecodingError.keyNotFound(let key, _) {
      throw .malformed("missing field '\(key.stringValue)'")
    } catch DecodingError.typeMismatch(_, let context) {
      let place = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw .malformed(place.isEmpty ? "expected an object" : "wrong type of field '\(place)'")
    } catch {
      throw .malformed("no JSON")
    }
  }
}
