#if OpenVINO
  import Foundation
  import Inference
  import OpenVINOBackend
  import TestSupport
  import Testing

  /// FastestDet, a detector with trained weights, as its authors give it.
  @Suite(.enabled(if: TestData.has("models/FastestDet.onnx"), "\(TestData.absent)")) struct ONNXModelTests {
    private let folder = TestData.url("models")?.path ?? ""
    private let signature = ModelSignature(
      inputs: [TensorSpecification("input.1", .float32, [1, 3, 352, 352])],
      outputs: [TensorSpecification("758", .float32, [1, 85, 22, 22])])

    @Test func runs() async throws {
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      let model = try await backend.load("FastestDet", as: signature)
      #expect(model.signature == signature)
      let pixels = (0..<3 * 352 * 352).map { place -> Float in
        let bits = UInt32(truncatingIfNeeded: place &* 2_654_435_761)
        return Float(bits >> 24) / 256
      }
      let outputs = try await model.run(["input.1": Tensor(pixels, shape: [1, 3, 352, 352])])
      let found = try #require(outputs["758"])
      #expect(found.shape == [1, 85, 22, 22])
      // From OpenVINO's interface for Python.
      let golden: [Int: Float] = [0: 0.010153, 1000: -0.307437, 20_000: 0.010945, 30_000: 0.022669]
      for (place, value) in golden.sorted(by: { $0.key < $1.key }) { #expect(abs(found.floats[place] - value) < 1e-5) }
    }

    @Test func modelsRunBesideOneAnother() async throws {
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      let models = [
        try await backend.load("FastestDet", as: signature), try await backend.load("FastestDet", as: signature),
      ]
      let input = ["input.1": Tensor([Float](repeating: 0.5, count: 3 * 352 * 352), shape: [1, 3, 352, 352])]
      let results = try await withThrowingTaskGroup(of: [String: Tensor].self) { group in
        for run in 0..<6 { group.addTask { try await models[run % 2].run(input) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(results.count == 6 && Set(results).count == 1)
    }
  }
#endif
