import Inference
import Testing

@Suite struct ModelSignatureTests {
  private let found = ModelSignature(
    inputs: [TensorSpecification("pixels", .float32, [1, 3, nil, nil])],
    outputs: [TensorSpecification("logits", .float32, [1, 900, nil]), TensorSpecification("more", .int64, [1])])

  private func expected(_ input: TensorSpecification, _ output: TensorSpecification) -> ModelSignature {
    ModelSignature(inputs: [input], outputs: [output])
  }

  @Test func aModelMayHaveMoreOutputs() throws {
    let needed = expected(.init("pixels", .float32, [1, 3, 640, 640]), .init("logits", .float32, [1, nil, nil]))
    try found.check(model: "detect", is: needed)
  }

  @Test(arguments: [
    (TensorSpecification("pixels", .float32, [1, 4, nil, nil]), "pixels", "float32[1, 4, ?, ?]"),
    (TensorSpecification("pixels", .int64, [1, 3, nil, nil]), "pixels", "int64[1, 3, ?, ?]"),
    (TensorSpecification("pixels", .float32, [1, 3, nil]), "pixels", "float32[1, 3, ?]"),
  ])
  func saysWhichTensorDiffers(needed: TensorSpecification, tensor: String, expectedText: String) throws {
    let signature = ModelSignature(inputs: [needed], outputs: [])
    #expect(
      throws: InferenceError.wrongTensor(
        model: "detect", tensor: tensor, expected: expectedText, found: "float32[1, 3, ?, ?]")
    ) { try found.check(model: "detect", is: signature) }
  }

  @Test func aMissingOutputAndASurplusInputAreNamed() throws {
    let needsMask = expected(.init("pixels", .float32, [1, 3, nil, nil]), .init("mask", .float32, [1]))
    #expect(
      throws: InferenceError.wrongTensor(
        model: "detect", tensor: "mask", expected: "float32[1]", found: "no such tensor")
    ) { try found.check(model: "detect", is: needsMask) }
    #expect(
      throws: InferenceError.wrongTensor(
        model: "detect", tensor: "pixels", expected: "no such input", found: "float32[1, 3, ?, ?]")
    ) { try found.check(model: "detect", is: ModelSignature(inputs: [], outputs: [])) }
  }

  @Test func aRunIsHeldToTheSignature() throws {
    let fitting = Tensor([Float](repeating: 0, count: 12), shape: [1, 3, 2, 2])
    try found.check(inputs: ["pixels": fitting], model: "detect")
    let flat = Tensor([Float](repeating: 0, count: 12), shape: [12])
    #expect(
      throws: InferenceError.wrongTensor(
        model: "detect", tensor: "pixels", expected: "float32[1, 3, ?, ?]", found: "float32[12]")
    ) { try found.check(inputs: ["pixels": flat], model: "detect") }
    #expect(
      throws: InferenceError.wrongTensor(
        model: "detect", tensor: "pixels", expected: "float32[1, 3, ?, ?]", found: "nothing")
    ) { try found.check(inputs: [:], model: "detect") }
  }
}
