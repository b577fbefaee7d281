public import NIOCore

/// An RTP packet ready to be sent: bytes that were made for it, and a slice of the access unit that it carries.
///
/// Both parts go to the socket as they are, one after the other; the slice shares the access unit's memory.
public struct RTPPacket: Hashable, Sendable {
  /// Framing if any, RTP header, and payload bytes that are not in the access unit as such: FU headers, aggregates.
  public var head: ByteBuffer
  /// The rest of the payload. Empty when the packet is an aggregate.
  public var payload: ByteBuffer

  public init(head: ByteBuffer, payload: ByteBuffer) {
    self.head = head
    self.payload = payload
  }

  /// Bytes of both parts.
  public var byteCount: Int { head.readableBytes + payload.readableBytes }

  /// Both parts in one buffer, for a datagram.
  public func joined(allocator: ByteBufferAllocator) -> ByteBuffer {
    var whole = allocator.buffer(capacity: byteCount)
    whole.writeImmutableBuffer(head)
    whole.writeImmutableBuffer(payload)
    return whole
  }
}

/// What stands before an RTP packet on the wire.
public enum RTPFraming: Hashable, Sendable {
  /// Nothing: one datagram is one packet.
  case datagram
  /// `$`, the channel and a 16-bit length: RTP in the RTSP connection (RFC 2326 §10.12).
  case interleaved(channel: UInt8)
}
