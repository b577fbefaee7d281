/// What the numbers of a tensor are.
public enum TensorElement: String, Hashable, Sendable, CaseIterable {
  case float32
  case int64
}

/// Numbers with a shape, row-major.
public struct Tensor: Hashable, Sendable {
  /// The numbers, by what they are.
  public enum Values: Hashable, Sendable {
    case float32([Float])
    case int64([Int64])

    public var count: Int {
      switch self {
      case .float32(let values): values.count
      case .int64(let values): values.count
      }
    }

    /// Gives the numbers to `body`, as they lie in memory: 4 bytes each for `float32`, 8 for `int64`.
    public func withUnsafeBytes<Result, Failure: Error>(
      _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      switch self {
      case .float32(let values):
        try values.withUnsafeBufferPointer { numbers throws(Failure) in try body(UnsafeRawBufferPointer(numbers)) }
      case .int64(let values):
        try values.withUnsafeBufferPointer { numbers throws(Failure) in try body(UnsafeRawBufferPointer(numbers)) }
      }
    }
  }

  /// Sizes, outermost first; none for a single number.
  public let shape: [Int]
  public let values: Values

  /// - Precondition: as many numbers as the shape has places.
  public init(_ values: Values, shape: [Int]) {
    precondition(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count,
      "\(values.count) numbers do not fill \(shape)")
    self.shape = shape
    self.values = values
  }

  public init(_ values: [Float], shape: [Int]) { self.init(.float32(values), shape: shape) }
  public init(_ values: [Int64], shape: [Int]) { self.init(.int64(values), shape: shape) }

  public var element: TensorElement {
    switch values {
    case .float32: .float32
    case .int64: .int64
    }
  }

  /// The numbers of a tensor of `float32`.
  /// - Precondition: ``element`` is `float32`, as a checked ``ModelSignature`` promises.
  public var floats: [Float] {
    guard case .float32(let values) = values else { preconditionFailure("the tensor holds \(element)") }
    return values
  }
}
