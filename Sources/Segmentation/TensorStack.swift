import Inference

extension Tensor {
  /// Numbers of each object, one after the other.
  init(stacking rows: [[Float]], of shape: [Int]) {
    let size = shape.reduce(1, *)
    let values = [Float](unsafeUninitializedCapacity: rows.count * size) { buffer, count in
      for (index, row) in rows.enumerated() {
        precondition(row.count == size)
        _ = UnsafeMutableBufferPointer(rebasing: buffer[index * size..<(index + 1) * size]).initialize(from: row)
      }
      count = rows.count * size
    }
    self.init(values, shape: [rows.count] + shape)
  }

  /// 0 or 1, `[1]`.
  init(flag: Bool) { self.init([flag ? Float(1) : 0], shape: [1]) }

  /// The numbers of one object: a row of the outermost axis.
  func row(_ index: Int) -> [Float] {
    let size = shape.dropFirst().reduce(1, *)
    return Array(floats[index * size..<(index + 1) * size])
  }

  /// The same for each of `count` objects.
  /// - Precondition: the outermost size is 1.
  func repeated(_ count: Int) -> Tensor {
    precondition(shape.first == 1)
    return count == 1 ? self : Tensor(stacking: Array(repeating: floats, count: count), of: Array(shape.dropFirst()))
  }
}

extension [String: Tensor] {
  /// An output that the signature promises.
  func output(_ name: String, of model: any InferenceModel) throws(InferenceError) -> Tensor {
    guard let tensor = self[name] else { throw .runFailed(model: model.name, reason: "it does not say \(name)") }
    return tensor
  }
}
