import CWebAssets
public import NIOCore

/// The files of Web/, out of the binary.
public enum WebAssets {
  /// One file, ready to be served.
  public struct Asset: Sendable {
    /// The file. A copy shares the bytes.
    public let bytes: ByteBuffer
    /// Value of the Content-Type header.
    public let contentType: String
    /// Strong entity tag, quotes included: it changes when the bytes do (RFC 9110 §8.8.3).
    public let entityTag: String
  }

  private static let assets: [String: Asset] = {
    var assets: [String: Asset] = [:]
    for index in 0..<ws_web_asset_count() {
      guard let file = ws_web_asset(index)?.pointee else { continue }
      let bytes = UnsafeBufferPointer(start: file.bytes, count: file.length)
      assets[String(cString: file.path)] = Asset(
        bytes: ByteBuffer(bytes: bytes), contentType: String(cString: file.content_type),
        entityTag: entityTag(of: bytes))
    }
    return assets
  }()

  /// Paths of all files, sorted.
  public static var paths: [String] { assets.keys.sorted() }

  /// The file at the path of a request, such as `/js/main.js`; `/` is `/index.html`, `/phone` is `/phone.html`.
  public static func asset(at path: String) -> Asset? {
    switch path {
    case "/": assets["/index.html"]
    case "/phone": assets["/phone.html"]
    default: assets[path]
    }
  }

  /// FNV-1a with 64 bits: enough to tell two versions of one file apart.
  private static func entityTag(of bytes: UnsafeBufferPointer<UInt8>) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, byte in
      (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return "\"" + String(repeating: "0", count: 16 - digits.count) + digits + "\""
  }
}
