/// Why a text is not the JSON that was expected.
enum JSONProblem: Error, Equatable {
  /// The text breaks the grammar at this byte.
  case malformed(offset: Int)
  case tooDeep
  case tooManyMembers
}

/// A value inside a JSON text: what it is, and where.
struct JSONToken: Hashable {
  enum Kind: Hashable {
    case object
    case array
    case text
    /// A number without fraction and exponent.
    case integer
    case real
    case boolean
    case null
  }

  var kind: Kind
  /// Offsets of its bytes, quotes and brackets included.
  var range: Range<Int>
}

/// Reads the grammar of RFC 8259 over bytes that stay where they are. Never reads past their end, never recurses
/// deeper than its limit.
struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  private let depthLimit: Int
  private(set) var index: Int

  init(_ bytes: UnsafeRawBufferPointer, from start: Int = 0, depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
    index = start
  }

  /// The next byte, or `nil` at the end. The only place that reads.
  private var next: UInt8? { index >= 0 && index < bytes.count ? bytes[index] : nil }

  private var problem: JSONProblem { .malformed(offset: index) }

  var isAtEnd: Bool { index >= bytes.count }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
  }

  /// Reads one value of any kind.
  mutating func value(depth: Int = 0) throws(JSONProblem) -> JSONToken {
    let start = index
    let kind: JSONToken.Kind
    switch next {
    case UInt8(ascii: "{"):
      try members(depth: depth) { _, _ in }
      kind = .object
    case UInt8(ascii: "["):
      try elements(depth: depth)
      kind = .array
    case UInt8(ascii: "\""):
      try text()
      kind = .text
    case UInt8(ascii: "t"):
      try word("true")
      kind = .boolean
    case UInt8(ascii: "f"):
      try word("false")
      kind = .boolean
    case UInt8(ascii: "n"):
      try word("null")
      kind = .null
    default: kind = try number()
    }
    return JSONToken(kind: kind, range: start..<index)
  }

  /// Reads an object, and hands over each member's name (with its quotes) and value.
  mutating func members(
    depth: Int, _ body: (_ name: Range<Int>, _ value: JSONToken) throws(JSONProblem) -> Void
  ) throws(JSONProblem) {
    guard depth < depthLimit else { throw .tooDeep }
    try expect(UInt8(ascii: "{"))
    skipSpace()
    if take(UInt8(ascii: "}")) { return }
    while true {
      skipSpace()
      let start = index
      try text()
      let name = start..<index
      skipSpace()
      try expect(UInt8(ascii: ":"))
      skipSpace()
      try body(name, try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "}")) { return }
      try expect(UInt8(ascii: ","))
    }
  }

  private mutating func elements(depth: Int) throws(JSONProblem) {
    guard depth < depthLimit else { throw .tooDeep }
    try expect(UInt8(ascii: "["))
    skipSpace()
    if take(UInt8(ascii: "]")) { return }
    while true {
      skipSpace()
      _ = try value(depth: depth + 1)
      skipSpace()
      if take(UInt8(ascii: "]")) { return }
      try expect(UInt8(ascii: ","))
    }
  }

  private mutating func text() throws(JSONProblem) {
    try expect(UInt8(ascii: "\""))
    while let byte = next {
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return
      case UInt8(ascii: "\\"): try escape()
      case ..<0x20: throw .malformed(offset: index - 1)
      default: break
      }
    }
    throw problem
  }

  private mutating func escape() throws(JSONProblem) {
    guard let byte = next else { throw problem }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      break
    case UInt8(ascii: "u"):
      for _ in 0..<4 {
        guard let digit = next, JSONText.hexValue(digit) != nil else { throw problem }
        index += 1
      }
    default: throw .malformed(offset: index - 1)
    }
  }

  private mutating func number() throws(JSONProblem) -> JSONToken.Kind {
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    var kind = JSONToken.Kind.integer
    if take(UInt8(ascii: ".")) {
      try digits()
      kind = .real
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
      kind = .real
    }
    return kind
  }

  private mutating func digits() throws(JSONProblem) {
    guard let first = next, (0x30...0x39).contains(first) else { throw problem }
    while let byte = next, (0x30...0x39).contains(byte) { index += 1 }
  }

  private mutating func word(_ word: StaticString) throws(JSONProblem) {
    for offset in 0..<word.utf8CodeUnitCount { try expect(word.utf8Start[offset]) }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    index += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(JSONProblem) {
    guard take(byte) else { throw problem }
  }
}
