/// What the values of an Arrow array are, as far as types are used here.
///
/// Source: arrow.apache.org, "Arrow Columnar Format", version 1.5.
public indirect enum ArrowType: Hashable, Sendable {
  case bool
  case uint8
  case uint16
  case uint32
  case uint64
  case int64
  case float32
  case float64
  case utf8
  /// Nanoseconds since 1970, of no time zone.
  case timestampNanos
  case fixedSizeBinary(Int)
  case list(ArrowField)
  case fixedSizeList(ArrowField, Int)
  case structure([ArrowField])

  /// A list of values that are called `item`, as is usual.
  /// - Parameter isNullable: whether an item may be missing, which none here is.
  public static func list(of type: ArrowType, isNullable: Bool = true) -> ArrowType {
    .list(ArrowField("item", type, isNullable: isNullable))
  }

  /// Lists of `count` values each, none of which may be missing.
  public static func vector(of type: ArrowType, _ count: Int) -> ArrowType {
    .fixedSizeList(ArrowField("item", type, isNullable: false), count)
  }

  var children: [ArrowField] {
    switch self {
    case .list(let item), .fixedSizeList(let item, _): [item]
    case .structure(let fields): fields
    default: []
    }
  }
}

/// A named column, or what a nested type is made of.
public struct ArrowField: Hashable, Sendable {
  public var name: String
  public var type: ArrowType
  public var isNullable: Bool
  public var metadata: [ArrowMetadata]

  public init(_ name: String, _ type: ArrowType, isNullable: Bool = true, metadata: [ArrowMetadata] = []) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    self.metadata = metadata
  }
}

/// A key and its value, of a schema or a field.
public struct ArrowMetadata: Hashable, Sendable {
  public var key: String
  public var value: String

  public init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }
}
