import NIOCore
struct WebAsset { var bytes: ByteBuffer; var contentType: String; var entityTag: String }
enum WebAssets { static func asset(at path: String) -> WebAsset? { nil } }
