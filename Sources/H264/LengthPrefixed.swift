public import CodedMedia
public import NIOCore

/// NAL units behind their lengths, as in MP4 files (ISO/IEC 14496-15 §5.3.4.2).
public enum LengthPrefixed {
  /// Writes NAL units of a picture, each behind its length in four bytes.
  ///
  /// - Parameter include: which of them.
  /// - Returns: the bytes written.
  @discardableResult
  public static func write(
    _ picture: CodedPicture, to buffer: inout ByteBuffer, where include: (NALUnitType) -> Bool = { _ in true }
  ) -> Int {
    let bytes = picture.bytes
    var written = 0
    for range in picture.nalUnits {
      guard let header: UInt8 = bytes.getInteger(at: bytes.readerIndex + range.offset),
        include(NALUnitType(header: header)),
        let unit = bytes.getSlice(at: bytes.readerIndex + range.offset, length: range.length),
        let length = UInt32(exactly: range.length)
      else { continue }
      written += buffer.writeInteger(length)
      written += buffer.writeImmutableBuffer(unit)
    }
    return written
  }

  /// Turns length-prefixed NAL units into a byte stream with 4-byte start codes.
  ///
  /// - Parameter lengthBytes: 1, 2 or 4, from the configuration record.
  /// - Throws: ``H264Error/truncated(_:)`` when a unit is longer than what is left.
  public static func annexB(from buffer: ByteBuffer, lengthBytes: Int) throws(H264Error) -> ByteBuffer {
    var rest = buffer
    var result = ByteBuffer()
    result.reserveCapacity(buffer.readableBytes + 16)
    while rest.readableBytes > 0 {
      guard let length = rest.readLength(bytes: lengthBytes), let unit = rest.readSlice(length: length) else {
        throw .truncated("length-prefixed NAL unit")
      }
      guard length > 0 else { continue }
      result.writeInteger(UInt32(1))
      result.writeImmutableBuffer(unit)
    }
    return result
  }
}

extension ByteBuffer {
  fileprivate mutating func readLength(bytes: Int) -> Int? {
    switch bytes {
    case 1: readInteger(as: UInt8.self).map(Int.init)
    case 2: readInteger(as: UInt16.self).map(Int.init)
    case 4: readInteger(as: UInt32.self).map(Int.init)
    default: nil
    }
  }
}
