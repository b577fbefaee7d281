public import CodedMedia
public import NIOCore
import WebSocketProtocol

/// Access units as WebSocket messages, each form made once per unit and shared by all readers.
public enum UnitMessages {
  /// The picture with its bytes in storage of their own, and the same storage with a message header in front.
  ///
  /// This is the one copy of a picture between the network and all readers: it lets go of the (larger) network buffer
  /// and makes the Annex B message of every WebSocket reader a slice of the same storage.
  static func storingAsMessage(_ picture: CodedPicture) -> (stored: CodedPicture, message: ByteBuffer) {
    var storage = ByteBufferAllocator().buffer(capacity: WebSocketFraming.headerBytes + picture.bytes.readableBytes)
    WebSocketFraming.writeHeader(.binary, payloadBytes: picture.bytes.readableBytes, into: &storage)
    let headerLength = storage.readableBytes
    storage.writeImmutableBuffer(picture.bytes)
    var stored = picture
    stored.bytes = storage
    stored.bytes.moveReaderIndex(forwardBy: headerLength)
    return (stored, storage)
  }

  /// The Annex B bytes of `unit` as one binary message, shared by all who ask.
  public static func annexBMessage(of unit: AccessUnit) -> ByteBuffer {
    unit.representations.representation(.annexBMessage) { WebSocketFraming.message(.binary, payload: unit.bytes) }
  }
}
