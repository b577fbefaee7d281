public import NIOCore

/// A recording as a file, `.rrd`: pieces that are written one after the other.
///
/// Source: rerun.io, "RRD format". A file without its end, of a process that was killed, opens all the same; two files one
/// after the other are one as well.
public enum RerunFile {
  /// What comes first.
  public static var header: ByteBuffer {
    var buffer = ByteBuffer(string: "RRF2")
    buffer.writeBytes(RerunMessage.version)
    // Compression is each chunk's own matter; messages are Protocol Buffers.
    buffer.writeMultipleIntegers(UInt8(0), UInt8(2), UInt16(0))
    return buffer
  }

  /// Appends a message.
  public static func write(_ message: RerunMessage, to buffer: inout ByteBuffer) {
    buffer.writeInteger(message.kind.rawValue, endianness: .little)
    buffer.writeInteger(UInt64(message.body.readableBytes), endianness: .little)
    buffer.writeImmutableBuffer(message.body)
  }
}
