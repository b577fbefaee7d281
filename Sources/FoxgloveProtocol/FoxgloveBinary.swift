public import NIOCore

/// Binary messages of a server, little-endian.
public enum FoxgloveBinary {
  /// Bytes in front of a message's data.
  public static let headerBytes = 13

  /// What stands in front of a message's data: `u8` 1, `u32` subscription, `u64` log time.
  ///
  /// - Parameter logTime: nanoseconds since 1970.
  public static func writeMessageHeader(subscription: UInt32, logTime: UInt64, into buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt8(1))
    buffer.writeInteger(subscription, endianness: .little)
    buffer.writeInteger(logTime, endianness: .little)
  }
}

/// What a client asks of recorded data: `u8` 3, `u8` command, `f32` speed, `u8` whether it seeks, `u64` where to, `u32`
/// length, request.
public struct PlaybackRequest: Hashable, Sendable {
  static let opcode: UInt8 = 3
  /// Longest name of a request, bytes.
  private static let identifierLimit = 256

  public var isPlaying: Bool
  /// 1 is the speed of the recording.
  public var speed: Float
  /// Where to go on from, nanoseconds since 1970; `nil`: from where it is.
  public var seekTime: UInt64?
  /// Chosen by the client; it comes back with the answer.
  public var id: String

  public init(isPlaying: Bool, speed: Float, seekTime: UInt64? = nil, id: String) {
    self.isPlaying = isPlaying
    self.speed = speed
    self.seekTime = seekTime
    self.id = id
  }

  /// Reads what stands behind the opcode; `nil` where it is malformed.
  init?(_ message: inout ByteBuffer) {
    guard let command: UInt8 = message.readInteger(), command <= 1,
      let bits: UInt32 = message.readInteger(endianness: .little),
      let seeks: UInt8 = message.readInteger(), let time: UInt64 = message.readInteger(endianness: .little),
      let length: UInt32 = message.readInteger(endianness: .little), length <= UInt32(Self.identifierLimit),
      let id = message.readString(length: Int(length))
    else { return nil }
    let speed = Float(bitPattern: bits)
    guard speed.isFinite, speed > 0 else { return nil }
    self.init(isPlaying: command == 0, speed: speed, seekTime: seeks == 0 ? nil : time, id: id)
  }
}

/// How recorded data is played: `u8` 5, `u8` status, `u64` time, `f32` speed, `u8` whether it sought, `u32` length, request.
public struct PlaybackState: Hashable, Sendable {
  public enum Status: UInt8, Sendable {
    case playing = 0
    case paused = 1
    case buffering = 2
    case ended = 3
  }

  public var status: Status
  /// Nanoseconds since 1970.
  public var time: UInt64
  public var speed: Float
  public var didSeek: Bool
  /// Of the request that it answers; `nil`: none.
  public var requestID: String?

  public init(status: Status, time: UInt64, speed: Float, didSeek: Bool = false, requestID: String? = nil) {
    self.status = status
    self.time = time
    self.speed = speed
    self.didSeek = didSeek
    self.requestID = requestID
  }

  public var encoded: ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(UInt8(5))
    buffer.writeInteger(status.rawValue)
    buffer.writeInteger(time, endianness: .little)
    buffer.writeInteger(speed.bitPattern, endianness: .little)
    buffer.writeInteger(UInt8(didSeek ? 1 : 0))
    let id = Array((requestID ?? "").utf8)
    buffer.writeInteger(UInt32(id.count), endianness: .little)
    buffer.writeBytes(id)
    return buffer
  }
}
