import NIOCore
import ProtobufWire
import TestSupport
import Testing

struct ProtobufWireTests {
  private static func encoded(_ body: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var buffer = ByteBuffer()
    body(&buffer)
    return buffer
  }

  /// The examples of protobuf.dev, "Encoding".
  @Test func documentedExamples() {
    #expect(Self.encoded { $0.writeProtobuf(1, integer: 150) } == ByteBuffer(bytes: [0x08, 0x96, 0x01]))
    #expect(
      Self.encoded { $0.writeProtobuf(2, text: "testing") }
        == ByteBuffer(bytes: [0x12, 0x07] + Array("testing".utf8)))
    #expect(
      Self.encoded { $0.writeProtobuf(3) { $0.writeProtobuf(1, integer: 150) } }
        == ByteBuffer(bytes: [0x1a, 0x03, 0x08, 0x96, 0x01]))
    #expect(
      Self.encoded { $0.writeProtobuf(1, integer: -1) }
        == ByteBuffer(bytes: [0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01]))
  }

  @Test func defaultsAreLeftOut() {
    let buffer = Self.encoded {
      $0.writeProtobuf(1, integer: 0)
      $0.writeProtobuf(2, double: 0)
      $0.writeProtobuf(3, text: "")
      $0.writeProtobuf(4, bytes: ByteBuffer())
      $0.writeProtobuf(5, bool: false)
      $0.writeProtobuf(6, fixed32: 0)
      $0.writeProtobuf(7, doubles: [Double]())
    }
    #expect(buffer.readableBytes == 0)
    #expect(Self.encoded { $0.writeProtobuf(1, double: -0.0) }.readableBytes == 9)
    #expect(Self.encoded { $0.writeProtobuf(1, double: 0, always: true) }.readableBytes == 9)
  }

  @Test(arguments: [0, 1, 127, 128, 129, 16_383, 16_384, 300_000])
  func messagesOfAnyLength(count: Int) throws {
    let text = String(repeating: "x", count: count)
    let buffer = Self.encoded { buffer in
      buffer.writeString("in front")
      buffer.writeProtobuf(7) { outer in
        outer.writeProtobuf(1, integer: 5)
        outer.writeProtobuf(2) { $0.writeString(text) }
        outer.writeProtobuf(3, fixed64: 9)
      }
      buffer.writeProtobuf(8, fixed32: 6)
    }
    var rest = buffer
    #expect(rest.readString(length: 8) == "in front")
    let fields = try ProtobufReader.fields(of: rest)
    #expect(fields.map(\.number) == [7, 8] && fields[1].value == .fixed32(6))
    let outer = try ProtobufReader.fields(of: try #require(fields[0].bytes))
    #expect(outer.map(\.number) == [1, 2, 3] && outer[0].integer == 5 && outer[2].value == .fixed64(9))
    #expect(outer[1].text == text)
  }

  @Test func packedNumbers() throws {
    let buffer = Self.encoded {
      $0.writeProtobuf(1, doubles: [1.5, -2])
      $0.writeProtobuf(2, fixed32s: [3, 4])
    }
    let fields = try ProtobufReader.fields(of: buffer)
    #expect(fields[0].bytes?.readableBytes == 16 && fields[1].bytes?.readableBytes == 8)
    #expect(fields[0].bytes?.getInteger(at: 0, endianness: .little) == 1.5.bitPattern)
  }

  @Test(
    arguments: [
      ([0x08], .truncated), ([0x08, 0x80], .truncated), ([0x0a, 0x05, 1], .truncated), ([0x09, 1, 2], .truncated),
      ([0x0d, 1], .truncated), ([0x0b], .unknownWireType(3)), ([0x00, 0x01], .invalidFieldNumber),
      ([0x08] + [UInt8](repeating: 0xff, count: 10), .varintTooLong),
      ([0x0a] + [UInt8](repeating: 0xff, count: 9) + [0x01], .truncated),
    ] as [([UInt8], ProtobufError)])
  func whatIsNoMessageIsRefused(bytes: [UInt8], error: ProtobufError) {
    #expect(throws: error) { try ProtobufReader.fields(of: ByteBuffer(bytes: bytes)) }
  }

  @Test func damagedMessagesNeverTrap() {
    let seed = Self.encoded {
      $0.writeProtobuf(1, integer: 300)
      $0.writeProtobuf(2, text: "text")
      $0.writeProtobuf(3) { $0.writeProtobuf(1, double: 1) }
    }
    var read = 0
    Mutation.forEach(of: [seed], count: 5_000) { bytes in
      for field in (try? ProtobufReader.fields(of: bytes)) ?? [] {
        read += 1
        _ = (field.integer, field.double, field.text)
        _ = field.bytes.map { try? ProtobufReader.fields(of: $0) }
      }
    }
    #expect(read > 1_000)
  }
}
