public import BusMessages
public import CodedMedia
import H264
public import MediaModel
public import NIOCore

/// Why a message is not an access unit of ours.
public enum VideoMessageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A header that is needed is absent or not what it should be.
  case header(String)
  /// The body is of another type.
  case contentType(String)

  public var description: String {
    switch self {
    case .header(let name): "the header \(name) is missing or malformed"
    case .contentType(let type): "the content type is \(type), not \(VideoMessage.contentType)"
    }
  }
}

/// An access unit on the bus: Annex B in the body, the rest in headers (docs/video-on-the-bus.md).
public struct VideoMessage: Hashable, Sendable {
  public static let contentType = "video/h264"

  public var stream: StreamName
  /// The server that the publisher is connected to.
  public var node: String
  /// The publisher's turn at the stream.
  public var epoch: UInt64
  /// The number of the unit in its stream on that server.
  public var sequence: UInt64
  public var isKeyFrame: Bool
  /// Units that this server published for the stream since the last key frame; 0 on a key frame.
  public var unitsSinceKeyFrame: UInt64
  /// Capture time on the publisher's own clock.
  public var senderMicros: Int64
  /// Capture time on the servers' clock.
  public var capturedAt: WallTime
  /// When the last byte came in, on the servers' clock.
  public var receivedAt: WallTime
  /// What was added to the clock of the server's system for `receivedAt`.
  public var networkTimeOffset: Nanoseconds
  /// Who publishes.
  public var peer: String
  /// Annex B; a key frame has its parameter sets in it.
  public var body: ByteBuffer
  /// The trace of the unit; `nil`: it is not traced.
  public var trace: TraceContext?

  /// - Parameter unit: the unit; its bytes are shared unless it is a key frame that lacks parameter sets.
  public init(_ unit: AccessUnit, stream: StreamName, node: String, unitsSinceKeyFrame: UInt64) {
    self.stream = stream
    self.node = node
    self.unitsSinceKeyFrame = unitsSinceKeyFrame
    receivedAt = unit.receivedWall
    networkTimeOffset = unit.networkTimeOffset
    epoch = unit.publication.epoch
    sequence = unit.sequence
    isKeyFrame = unit.isKeyFrame
    senderMicros = unit.picture.senderMicros
    capturedAt = unit.capturedAt
    peer = unit.publication.peer
    body = Self.body(of: unit.picture)
    trace = unit.trace
  }

  /// The bytes of a picture, with parameter sets if decoding can start there.
  private static func body(of picture: CodedPicture) -> ByteBuffer {
    guard picture.isKeyFrame, !picture.carriesParameterSets else { return picture.bytes }
    let bytes = picture.bytes
    var head = 0
    // An access unit delimiter stays in front (ISO/IEC 14496-10 §7.4.1.2.3).
    if let first = picture.nalUnits.first,
      let header = bytes.getInteger(at: bytes.readerIndex + first.offset, as: UInt8.self),
      NALUnitType(header: header) == .accessUnitDelimiter
    {
      head = first.offset + first.length
    }
    let sets = picture.parameterSets.annexB
    var body = ByteBufferAllocator().buffer(capacity: bytes.readableBytes + sets.readableBytes)
    if let delimiter = bytes.getSlice(at: bytes.readerIndex, length: head) { body.writeImmutableBuffer(delimiter) }
    body.writeImmutableBuffer(sets)
    if let rest = bytes.getSlice(at: bytes.readerIndex + head, length: bytes.readableBytes - head) {
      body.writeImmutableBuffer(rest)
    }
    return body
  }
}

// MARK: On the bus

extension VideoMessage {
  /// As a message of the topic `videoStream`.
  public var message: BusMessage {
    let systemReceived = receivedAt.nanosSince1970 &- networkTimeOffset.value
    var message = BusMessage(
      topic: .videoStream, body: body, contentType: Self.contentType,
      headers: [
        BusHeader.timestampNanos: .text("\(senderMicros &* 1_000)"),
        BusHeader.serverReceived: .text("\(systemReceived)"),
        BusHeader.networkTime: .text("\(receivedAt.nanosSince1970)"),
        BusHeader.networkTimeOffset: .text("\(networkTimeOffset.value)"),
        BusHeader.webSocketID: .text(peer),
        BusHeader.streamType: .text("h264"),
        BusHeader.chunkSize: .integer(Int64(body.readableBytes)),
        BusHeader.stream: .text(stream.text),
        BusHeader.node: .text(node),
        BusHeader.capturedAt: .text("\(capturedAt.nanosSince1970)"),
        BusHeader.sequence: .text("\(sequence)"),
        BusHeader.epoch: .text("\(epoch)"),
        BusHeader.keyFrame: .boolean(isKeyFrame),
        BusHeader.unitsSinceKeyFrame: .integer(Int64(clamping: unitsSinceKeyFrame)),
      ])
    if let trace { message.trace = trace }
    return message
  }

  /// Reads a message of the topic `videoStream`. The body is not looked into.
  public init(_ message: BusMessage) throws(VideoMessageError) {
    guard message.contentType == Self.contentType else { throw .contentType(message.contentType) }
    func text(_ name: String) throws(VideoMessageError) -> String {
      guard case .text(let text) = message.headers[name] else { throw .header(name) }
      return text
    }
    func number<Number: FixedWidthInteger>(_ name: String) throws(VideoMessageError) -> Number {
      switch message.headers[name] {
      case .text(let text):
        guard let number = Number(text) else { throw .header(name) }
        return number
      case .integer(let integer):
        guard let number = Number(exactly: integer) else { throw .header(name) }
        return number
      default: throw .header(name)
      }
    }
    guard let stream = StreamName(try text(BusHeader.stream)) else { throw .header(BusHeader.stream) }
    guard case .boolean(let isKeyFrame) = message.headers[BusHeader.keyFrame] else {
      throw .header(BusHeader.keyFrame)
    }
    self.stream = stream
    self.isKeyFrame = isKeyFrame
    node = try text(BusHeader.node)
    epoch = try number(BusHeader.epoch)
    sequence = try number(BusHeader.sequence)
    unitsSinceKeyFrame = try number(BusHeader.unitsSinceKeyFrame)
    senderMicros = try number(BusHeader.timestampNanos) / 1_000
    capturedAt = WallTime(nanosSince1970: try number(BusHeader.capturedAt))
    receivedAt = WallTime(nanosSince1970: try number(BusHeader.networkTime))
    networkTimeOffset = Nanoseconds(try number(BusHeader.networkTimeOffset))
    peer = try text(BusHeader.webSocketID)
    body = message.body
    // A malformed one costs the trace, not the picture.
    trace = message.trace
  }
}
