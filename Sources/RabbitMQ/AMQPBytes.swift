import CRabbitMQ

/// Text that is given to the library often, kept as the bytes that it wants.
// Safe because the bytes are never written after `init`.
public final class AMQPBytes: @unchecked Sendable {
  public let text: String
  private let storage: UnsafeMutableRawBufferPointer

  public init(_ text: String) {
    self.text = text
    let bytes = Array(text.utf8)
    storage = .allocate(byteCount: max(1, bytes.count), alignment: 1)
    storage.copyBytes(from: bytes)
    count = bytes.count
  }

  deinit { storage.deallocate() }

  private let count: Int

  var bytes: amqp_bytes_t { amqp_bytes_t(len: count, bytes: storage.baseAddress) }
}

extension amqp_bytes_t {
  static var none: amqp_bytes_t { amqp_bytes_t(len: 0, bytes: nil) }

  /// The bytes as text; what is not UTF-8 is replaced.
  var text: String {
    guard len > 0, let bytes else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: bytes, count: len), as: UTF8.self)
  }
}

extension String {
  /// Runs `body` with the text as bytes that live as long as it runs.
  func withAMQPBytes<Result>(_ body: (amqp_bytes_t) -> Result) -> Result {
    var copy = self
    return copy.withUTF8 { buffer in
      body(amqp_bytes_t(len: buffer.count, bytes: UnsafeMutableRawPointer(mutating: buffer.baseAddress)))
    }
  }
}
