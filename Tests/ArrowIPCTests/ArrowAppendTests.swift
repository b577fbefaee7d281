import ArrowIPC
import NIOCore
import Testing

/// What is put together of pieces is what it would be at once.
@Suite struct ArrowAppendTests {
  private static let format = ArrowType.structure([
    ArrowField("width", .uint32, isNullable: false), ArrowField("kind", .uint8),
  ])

  private static func stream(_ array: ArrowArray, _ type: ArrowType) -> ByteBuffer {
    var buffer = ByteBuffer()
    ArrowSchema([ArrowField("a", type)]).write([array], to: &buffer)
    return buffer
  }

  /// Rows one by one, and in two pieces, at each place.
  private static func check(
    _ type: ArrowType, rows: Int, _ make: (Range<Int>) -> ArrowArray, _ location: SourceLocation = #_sourceLocation
  ) {
    let whole = stream(make(0..<rows), type)
    for split in 0...rows {
      var array = make(0..<split)
      array.append(make(split..<rows), of: type)
      #expect(array.count == rows, sourceLocation: location)
      #expect(stream(array, type) == whole, "in two pieces, at \(split)", sourceLocation: location)
    }
    var array = make(0..<0)
    for row in 0..<rows { array.append(make(row..<row + 1), of: type) }
    #expect(stream(array, type) == whole, "row by row", sourceLocation: location)
  }

  @Test func numbersAndBits() {
    let numbers = (0..<20).map { Int64($0) * -3 }
    Self.check(.int64, rows: 20) { .integers(Array(numbers[$0])) }
    Self.check(.bool, rows: 20) { .booleans(numbers[$0].map { $0 % 2 == 0 }) }
    Self.check(.float32, rows: 20) { .floats(numbers[$0].map(Float.init)) }
    Self.check(.fixedSizeBinary(2), rows: 4) {
      .fixedSizeBinary(ByteBuffer(bytes: $0.flatMap { [UInt8($0), 7] }), width: 2)
    }
  }

  @Test func listsOfEachKind() {
    let lengths = [2, 0, 3, 1, 0]
    func items<Item>(_ rows: Range<Int>, _ item: (Int) -> Item) -> [Item] {
      rows.flatMap { row in (0..<lengths[row]).map { item(10 * row + $0) } }
    }
    Self.check(.list(of: .utf8), rows: 5) { rows in
      .lists(of: .texts(items(rows) { "größe \($0)" }), lengths: Array(lengths[rows]))
    }
    Self.check(.list(of: .vector(of: .float32, 3)), rows: 5) { rows in
      .lists(
        of: .vectors(of: .floats(items(rows) { [Float($0), 0, 1] }.flatMap(\.self)), size: 3),
        lengths: Array(lengths[rows]))
    }
    Self.check(.list(of: .list(of: .uint8)), rows: 5) { rows in
      let inner = items(rows) { $0 % 3 }
      return .lists(
        of: .lists(of: .bytes(ByteBuffer(repeating: 9, count: inner.reduce(0, +))), lengths: inner),
        lengths: Array(lengths[rows]))
    }
  }

  @Test func structuresWithMissingValues() {
    Self.check(Self.format, rows: 12) { rows in
      .structures([.integers(rows.map(UInt32.init)), .missing(width: 1, count: rows.count)])
    }
    Self.check(.int64, rows: 12) { rows in
      .integers(rows.filter { $0 % 5 == 0 }.map { ($0 - rows.lowerBound, Int64($0)) }, count: rows.count)
    }
  }

  @Test func vectorsOfThreeAreTheirNumbersInOrder() {
    let vectors = ArrowArray.vectors([SIMD3(1, -2, .infinity), SIMD3(0.5, -0.25, 7)])
    let numbers = ArrowArray.vectors(of: .floats([1, -2, .infinity, 0.5, -0.25, 7]), size: 3)
    #expect(Self.stream(vectors, .vector(of: .float32, 3)) == Self.stream(numbers, .vector(of: .float32, 3)))
  }

  @Test func numbersAreThoseThatAreGivenOneByOne() {
    let numbers = ArrowArray.integers(count: 3) { UInt32($0) * 0x0102_0304 }
    #expect(Self.stream(numbers, .uint32) == Self.stream(.integers([UInt32(0), 0x0102_0304, 0x0204_0608]), .uint32))
  }

  @Test func givenNumbersStandBetweenMissingOrOtherOnes() {
    let values = ArrowArray.integers([(1, 7), (3, -1)], count: 4, otherwise: 5)
    #expect(Self.stream(values, .int64) == Self.stream(.integers([Int64(5), 7, 5, -1]), .int64))
    let complete = ArrowArray.integers([(0, 7), (1, -1)], count: 2)
    #expect(Self.stream(complete, .int64) == Self.stream(.integers([Int64(7), -1]), .int64))
  }
}
