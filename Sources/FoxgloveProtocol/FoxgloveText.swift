import Foundation
import NIOCore

/// What a server says in JSON.
enum FoxgloveText {
  enum StatusLevel: Int {
    case info = 0
    case warning = 1
    case error = 2
  }

  private struct Time: Encodable {
    var sec: UInt64
    var nsec: UInt64

    init(_ nanos: UInt64) { (sec, nsec) = (nanos / 1_000_000_000, nanos % 1_000_000_000) }
  }

  private struct ServerInfo: Encodable {
    var op = "serverInfo"
    var name: String
    var capabilities: [String]
    var metadata: [String: String]
    var sessionId: String
    var dataStartTime: Time?
    var dataEndTime: Time?
  }

  private struct Advertise: Encodable {
    struct Channel: Encodable {
      var id: UInt32
      var topic: String
      var encoding = "protobuf"
      var schemaName: String
      var schemaEncoding = "protobuf"
      var schema: String
    }

    var op = "advertise"
    var channels: [Channel]
  }

  private struct Unadvertise: Encodable {
    var op = "unadvertise"
    var channelIds: [UInt32]
  }

  private struct Status: Encodable {
    var op = "status"
    var level: Int
    var message: String
  }

  static func serverInfo(_ info: FoxgloveServerInfo) -> ByteBuffer {
    encoded(
      ServerInfo(
        name: info.name, capabilities: info.playback == nil ? [] : ["playbackControl"], metadata: info.metadata,
        sessionId: info.sessionID, dataStartTime: info.playback.map { Time($0.start) },
        dataEndTime: info.playback.map { Time($0.end) }))
  }

  static func advertise(_ channels: [FoxgloveChannel]) -> ByteBuffer {
    encoded(
      Advertise(
        channels: channels.map {
          Advertise.Channel(
            id: $0.id, topic: $0.topic, schemaName: $0.schemaName,
            schema: Data($0.schema.readableBytesView).base64EncodedString())
        }))
  }

  static func unadvertise(_ ids: [UInt32]) -> ByteBuffer { encoded(Unadvertise(channelIds: ids)) }

  static func status(_ level: StatusLevel, _ message: String) -> ByteBuffer {
    encoded(Status(level: level.rawValue, message: message))
  }

  private static func encoded(_ value: some Encodable) -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts, numbers, lists and dictionaries of them: nothing that has no JSON.
    return ByteBuffer(bytes: (try? encoder.encode(value)) ?? Data())
  }
}
