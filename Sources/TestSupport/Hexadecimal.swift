public import NIOCore

/// Bytes as text, so that they can be kept and compared line by line.
public enum Hexadecimal {
  /// 32 bytes a line.
  public static func lines(of bytes: ByteBuffer) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for (index, byte) in bytes.readableBytesView.enumerated() {
      text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      if index % 32 == 31 { text.append(UInt8(ascii: "\n")) }
    }
    if bytes.readableBytes % 32 > 0 { text.append(UInt8(ascii: "\n")) }
    return String(decoding: text, as: UTF8.self)
  }
}
