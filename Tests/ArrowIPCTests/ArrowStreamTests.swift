import ArrowIPC
import NIOCore
import TestSupport
import Testing

@Suite struct ArrowStreamTests {
  private static let fields = [
    ArrowField("id", .fixedSizeBinary(4), isNullable: false, metadata: [ArrowMetadata("kind", "control")]),
    ArrowField("time", .timestampNanos),
    ArrowField("flags", .list(of: .bool)),
    ArrowField("names", .list(of: .utf8)),
    ArrowField("points", .list(of: .vector(of: .float32, 3))),
    ArrowField("numbers", .list(of: .float64)),
    ArrowField(
      "format", .structure([ArrowField("width", .uint32, isNullable: false), ArrowField("kind", .uint8)])),
    ArrowField("small", .list(of: .uint16)),
  ]

  private static let columns: [ArrowArray] = [
    .fixedSizeBinary(ByteBuffer(string: "abcdefgh"), width: 4),
    .integers([Int64(1_700_000_000_000_000_001), -5]),
    .lists(of: .booleans([true, false, true, true, false, false, true, true, true]), lengths: [9, 0]),
    .lists(of: .texts(["", "größe", "x"]), lengths: [1, 2]),
    .lists(of: .vectors(of: .floats([1, 2, 3, 4, 5, 6].map(Float.init)), size: 3), lengths: [2, 0]),
    .lists(of: .doubles([0.5, -0.0, .infinity]), lengths: [0, 3]),
    .structures([.integers([UInt32(640), 7]), .missing(width: 1, count: 2)]),
    .lists(of: .integers([UInt16(1), 2, 65_535]), lengths: [3, 0]),
  ]

  private static let metadata = [ArrowMetadata("first", "eins"), ArrowMetadata("id", "0000"), ArrowMetadata("z", "")]

  /// IntegrationTests/test_rerun.py reads the same file with pyarrow.
  @Test func streamHasTheBytesThatPyArrowReads() {
    let schema = ArrowSchema(Self.fields, metadata: Self.metadata, variable: "id")
    var stream = ByteBuffer()
    schema.write(Self.columns, variable: "abcd", to: &stream)
    let difference = Golden.difference(between: Hexadecimal.lines(of: stream), and: "everything.hex")
    #expect(difference == nil)
  }

  @Test func streamsDifferInTheVariableOnly() {
    let schema = ArrowSchema(Self.fields, metadata: Self.metadata, variable: "id")
    var (first, second) = (ByteBuffer(), ByteBuffer())
    schema.write(Self.columns, variable: "abcd", to: &first)
    schema.write(Self.columns, variable: "abce", to: &second)
    let differing = zip(first.readableBytesView, second.readableBytesView).filter { $0 != $1 }
    #expect(first.readableBytes == second.readableBytes)
    #expect(differing.count == 1)
  }

  /// A message's body begins at a multiple of 8, as readers map numbers where they are.
  @Test(arguments: 0..<12) func bodiesAreAligned(length: Int) throws {
    let schema = ArrowSchema([ArrowField(String(repeating: "n", count: length), .int64)])
    var stream = ByteBuffer()
    schema.write([.integers([Int64(0x1122_3344_5566_7788)])], to: &stream)
    let number: [UInt8] = [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]
    let bytes = Array(stream.readableBytesView)
    let place = try #require((0..<bytes.count - 8).first { Array(bytes[$0..<$0 + 8]) == number })
    #expect(place % 8 == 0)
    #expect(bytes.count % 8 == 0)
    #expect(bytes.suffix(8) == [255, 255, 255, 255, 0, 0, 0, 0])
  }
}
