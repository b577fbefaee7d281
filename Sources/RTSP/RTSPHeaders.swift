/// Header fields in order; names compare without case.
public struct RTSPHeaders: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  /// One field.
  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: String
  }

  public private(set) var fields: [Field]

  /// The given fields in order.
  public init(dictionaryLiteral elements: (String, String)...) {
    fields = elements.map { Field(name: $0.0, value: $0.1) }
  }

  /// No fields.
  public init() { fields = [] }

  /// The value of the first field with this name. Setting replaces all of them; `nil` removes them.
  public subscript(name: String) -> String? {
    get { fields.first { Self.matches($0.name, name) }?.value }
    set {
      fields.removeAll { Self.matches($0.name, name) }
      if let newValue { append(name, newValue) }
    }
  }

  /// The values of every field with this name, in order.
  public func all(_ name: String) -> [String] { fields.filter { Self.matches($0.name, name) }.map(\.value) }

  /// Adds a field behind the others. Line breaks in `value` become spaces: they would start another header.
  public mutating func append(_ name: String, _ value: String) {
    let safe = String(String.UnicodeScalarView(value.unicodeScalars.map { $0 == "\r" || $0 == "\n" ? " " : $0 }))
    fields.append(Field(name: name, value: safe))
  }

  /// Joins a folded line to the last field (RFC 2616 §2.2).
  mutating func continueLast(_ value: String) {
    guard !fields.isEmpty else { return }
    fields[fields.count - 1].value += " " + value
  }

  private static func matches(_ left: String, _ right: String) -> Bool { left.equalsIgnoringCase(right) }
}

extension StringProtocol {
  /// Whether both are equal but for the case of ASCII letters.
  func equalsIgnoringCase(_ other: some StringProtocol) -> Bool {
    utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercase == $1.asciiLowercase }
  }

  /// Without spaces and tabs at both ends.
  var trimmed: SubSequence {
    var part = self[startIndex..<endIndex]
    while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
    while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
    return part
  }
}

extension UInt8 {
  var asciiLowercase: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self + 32 : self }
}
