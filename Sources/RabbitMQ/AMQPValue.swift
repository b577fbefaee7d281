/// A value in a table of headers or arguments.
public enum AMQPValue: Hashable, Sendable {
  case text(String)
  case integer(Int64)
  case real(Double)
  case boolean(Bool)
  /// Seconds since 1970.
  case timestamp(UInt64)
}

/// Arguments of a declaration or a consumer, in order.
public typealias AMQPArguments = [(name: String, value: AMQPValue)]
