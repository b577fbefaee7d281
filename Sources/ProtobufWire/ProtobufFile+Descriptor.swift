public import NIOCore

// Field numbers are those of google/protobuf/descriptor.proto.
extension ProtobufFile {
  /// A `FileDescriptorSet` of this file and all that it uses, each file behind those that it needs: what a reader takes
  /// as the schema of its messages. The same description gives the same bytes.
  public var descriptorSet: ByteBuffer {
    var buffer = ByteBuffer()
    var written: Set<String> = []
    write(to: &buffer, &written)
    return buffer
  }

  private func write(to buffer: inout ByteBuffer, _ written: inout Set<String>) {
    guard written.insert(name).inserted else { return }
    let dependencies = dependencies
    for file in dependencies { file.write(to: &buffer, &written) }
    buffer.writeProtobuf(1) { file in
      file.writeProtobuf(1, text: name)
      file.writeProtobuf(2, text: package)
      for dependency in dependencies { file.writeProtobuf(3, text: dependency.name) }
      for message in messages { file.writeProtobuf(4) { message.write(to: &$0) } }
      if !options.isEmpty { file.writeProtobuf(8) { writeOptions(to: &$0) } }
      file.writeProtobuf(12, text: "proto3")
    }
  }

  private func writeOptions(to buffer: inout ByteBuffer) {
    for option in options {
      switch option {
      case .text(let number, let value): buffer.writeProtobuf(number, text: value)
      case .bool(let number, let value): buffer.writeProtobuf(number, integer: value ? 1 : 0, always: true)
      }
    }
  }
}

extension ProtobufMessageType {
  fileprivate func write(to buffer: inout ByteBuffer) {
    buffer.writeProtobuf(1, text: name)
    // A field with explicit presence is one of a oneof that has no other.
    var oneofs: [String] = []
    for field in fields {
      let index = field.presence == .explicit ? oneofs.count : nil
      if index != nil { oneofs.append("_" + field.name) }
      buffer.writeProtobuf(2) { field.write(to: &$0, oneof: index) }
    }
    for enumeration in enumerations {
      buffer.writeProtobuf(4) { type in
        type.writeProtobuf(1, text: enumeration.name)
        for (number, name) in enumeration.values.enumerated() {
          type.writeProtobuf(2) { value in
            value.writeProtobuf(1, text: name)
            value.writeProtobuf(2, integer: Int64(number), always: true)
          }
        }
      }
    }
    for oneof in oneofs { buffer.writeProtobuf(8) { $0.writeProtobuf(1, text: oneof) } }
  }
}

extension ProtobufFieldType {
  fileprivate func write(to buffer: inout ByteBuffer, oneof: Int?) {
    let (code, typeName): (Int64, String?) =
      switch type {
      case .double: (1, nil)
      case .int64: (3, nil)
      case .int32: (5, nil)
      case .fixed32: (7, nil)
      case .bool: (8, nil)
      case .string: (9, nil)
      case .message(let file, let name): (11, ".\(file.package).\(name)")
      case .bytes: (12, nil)
      case .enumeration(let name): (14, ".\(name)")
      }
    buffer.writeProtobuf(1, text: name)
    buffer.writeProtobuf(3, integer: Int64(number))
    buffer.writeProtobuf(4, integer: presence == .repeated ? 3 : 1)
    buffer.writeProtobuf(5, integer: code)
    if let typeName { buffer.writeProtobuf(6, text: typeName) }
    if let oneof { buffer.writeProtobuf(9, integer: Int64(oneof), always: true) }
    buffer.writeProtobuf(10, text: jsonName)
    if oneof != nil { buffer.writeProtobuf(17, bool: true) }
  }
}
