public import MediaModel
public import NIOCore

/// The head of a JPEG, ITU-T T.81 annex B, as far as it says how large the picture is.
public enum JPEGHeader {
  /// The size of the picture.
  /// - Throws: ``TelemetryReject/notJPEG`` when it does not begin with SOI or has no frame header in front of its data.
  public static func resolution(of jpeg: ByteBuffer) throws(TelemetryReject) -> Resolution {
    var bytes = jpeg
    guard bytes.readInteger(as: UInt16.self) == 0xFFD8 else { throw .notJPEG }
    while let marker = nextMarker(&bytes) {
      switch marker {
      // TEM and RSTn stand alone, B.1.1.3.
      case 0x01, 0xD0...0xD7: continue
      // A second SOI, EOI, or SOS in front of the frame header.
      case 0xD8, 0xD9, 0xDA: throw .notJPEG
      // SOFn; C4 is DHT, C8 is reserved, CC is DAC.
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF: return try frame(&bytes)
      default:
        guard let length = bytes.readInteger(as: UInt16.self), length >= 2,
          bytes.readSlice(length: Int(length) - 2) != nil
        else { throw .notJPEG }
      }
    }
    throw .notJPEG
  }

  /// B.1.1.2: a marker is 0xFF, any number of fill bytes 0xFF, and a byte that is neither 0 nor 0xFF.
  private static func nextMarker(_ bytes: inout ByteBuffer) -> UInt8? {
    guard bytes.readInteger(as: UInt8.self) == 0xFF else { return nil }
    while let byte = bytes.readInteger(as: UInt8.self) {
      if byte != 0xFF { return byte == 0 ? nil : byte }
    }
    return nil
  }

  /// B.2.2: length, precision, lines, samples per line.
  private static func frame(_ bytes: inout ByteBuffer) throws(TelemetryReject) -> Resolution {
    guard let head = bytes.readMultipleIntegers(as: (UInt16, UInt8, UInt16, UInt16).self), head.0 >= 8, head.2 > 0,
      head.3 > 0
    else { throw .notJPEG }
    return Resolution(width: Int(head.3), height: Int(head.2))
  }
}
