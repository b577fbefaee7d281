import Crypto

/// The opening handshake, RFC 6455 §4.
public enum WebSocketHandshake {
  private static let acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// The `Sec-WebSocket-Accept` value for a `Sec-WebSocket-Key`, §4.2.2 step 5.4.
  public static func accept(key: String) -> String {
    base64(Insecure.SHA1.hash(data: Array((key + acceptGUID).utf8)))
  }

  private static func base64(_ bytes: some Sequence<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var group: UInt32 = 0
    var count = 0
    func emit(_ characters: Int) {
      for index in 0..<4 {
        text.append(index < characters ? alphabet[Int(group >> UInt32(18 - 6 * index)) & 63] : UInt8(ascii: "="))
      }
    }
    for byte in bytes {
      group |= UInt32(byte) << UInt32(16 - 8 * count)
      count += 1
      if count == 3 {
        emit(4)
        (group, count) = (0, 0)
      }
    }
    if count > 0 { emit(count + 1) }
    return String(decoding: text, as: UTF8.self)
  }
}
