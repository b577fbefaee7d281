/// What a tensor of a model must be.
public struct TensorSpecification: Hashable, Sendable, CustomStringConvertible {
  public var name: String
  public var element: TensorElement
  /// Sizes, outermost first; `nil` for one that is chosen at each run.
  public var shape: [Int?]

  public init(_ name: String, _ element: TensorElement, _ shape: [Int?]) {
    self.name = name
    self.element = element
    self.shape = shape
  }

  /// Whether a tensor of `other` is one of this too: the same element and rank, and sizes that agree where both are set.
  public func accepts(_ other: TensorSpecification) -> Bool {
    element == other.element && shape.count == other.shape.count
      && zip(shape, other.shape).allSatisfy { mine, its in mine == nil || its == nil || mine == its }
  }

  /// Whether a tensor is one of this.
  public func accepts(_ tensor: Tensor) -> Bool { accepts(TensorSpecification(name, tensor.element, tensor.shape)) }

  /// For example `float32[1, 3, ?, ?]`.
  public var description: String {
    "\(element.rawValue)[\(shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", "))]"
  }
}

/// The tensors that go into a model and come out of it.
public struct ModelSignature: Hashable, Sendable {
  public var inputs: [TensorSpecification]
  public var outputs: [TensorSpecification]

  public init(inputs: [TensorSpecification], outputs: [TensorSpecification]) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// Holds a model that was loaded to what its caller will give it and expects of it.
  /// - Parameters:
  ///   - model: its name, for the error.
  ///   - expected: what the caller needs. The model may have further outputs, but no further inputs.
  /// - Throws: ``InferenceError/wrongTensor(model:tensor:expected:found:)`` for the first tensor that differs.
  public func check(model: String, is expected: ModelSignature) throws(InferenceError) {
    try Self.check(model, expected.inputs, found: inputs)
    try Self.check(model, expected.outputs, found: outputs)
    let known = Set(expected.inputs.map(\.name))
    if let surplus = inputs.first(where: { !known.contains($0.name) }) {
      throw .wrongTensor(model: model, tensor: surplus.name, expected: "no such input", found: "\(surplus)")
    }
  }

  private static func check(
    _ model: String, _ expected: [TensorSpecification], found: [TensorSpecification]
  ) throws(InferenceError) {
    for tensor in expected {
      guard let match = found.first(where: { $0.name == tensor.name }) else {
        throw .wrongTensor(model: model, tensor: tensor.name, expected: "\(tensor)", found: "no such tensor")
      }
      guard tensor.accepts(match) else {
        throw .wrongTensor(model: model, tensor: tensor.name, expected: "\(tensor)", found: "\(match)")
      }
    }
  }

  /// Holds the inputs of a run to the signature.
  /// - Throws: ``InferenceError/wrongTensor(model:tensor:expected:found:)``
  public func check(inputs given: [String: Tensor], model: String) throws(InferenceError) {
    for input in inputs {
      guard let tensor = given[input.name] else {
        throw .wrongTensor(model: model, tensor: input.name, expected: "\(input)", found: "nothing")
      }
      guard input.accepts(tensor) else {
        throw .wrongTensor(
          model: model, tensor: input.name, expected: "\(input)",
          found: "\(TensorSpecification(input.name, tensor.element, tensor.shape))")
      }
    }
  }
}
