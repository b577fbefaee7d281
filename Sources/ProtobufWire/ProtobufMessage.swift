public import NIOCore

/// A value that is written as a message of Protocol Buffers.
public protocol ProtobufMessage: Sendable {
  /// The file that describes the message.
  static var file: ProtobufFile { get }
  /// The message's name in its file.
  static var messageName: String { get }
  /// Appends the fields.
  func encode(to buffer: inout ByteBuffer)
}

extension ProtobufMessage {
  /// The package and the name, a dot between.
  public static var fullName: String { "\(file.package).\(messageName)" }

  /// The message by itself.
  public var encoded: ByteBuffer {
    var buffer = ByteBuffer()
    encode(to: &buffer)
    return buffer
  }
}

extension ByteBuffer {
  /// A message within the message; `nil` is left out.
  public mutating func writeProtobuf(_ field: Int, _ message: (some ProtobufMessage)?) {
    guard let message else { return }
    writeProtobuf(field) { message.encode(to: &$0) }
  }

  /// `repeated`: one field a message.
  public mutating func writeProtobuf(_ field: Int, repeated messages: [some ProtobufMessage]) {
    for message in messages { writeProtobuf(field, message) }
  }
}
