#if OpenVINO
  import Foundation
  import Inference
  import OpenVINOBackend
  import TestSupport
  import Testing

  /// Graphs of small random weights, with what PyTorch makes of a fixed input.
  @Suite(.enabled(if: TestData.has("models/tiny/manifest.json"), "\(TestData.absent)")) struct TinyModelTests {
    /// Network, inputs and outputs.
    static let graphs: [(name: String, inputs: [String], outputs: [String])] =
      ["sam2", "edgetam"].flatMap { family in
        [
          ("\(family)/encode_image", ["pixel_values"], ["feat_s0", "feat_s1", "feat_top", "feat_init"]),
          ("\(family)/attend_memory", ["feat", "mem", "mem_t", "ptr", "ptr_dt"], ["feat_cond"]),
          (
            "\(family)/decode_mask", ["feat_s0", "feat_s1", "feat", "points", "labels", "multimask"],
            ["low_res_mask", "iou", "object_score", "object_pointer"]
          ),
          ("\(family)/encode_memory", ["feat", "low_res_mask", "object_score", "binarise"], ["mem"]),
          (
            "\(family)/prompt_mask", ["feat", "mask"],
            ["low_res_mask", "object_score", "object_pointer", "mem"]
          ),
        ]
      } + [("gdino/gd_text", ["input_ids", "position_ids", "text_self_attention_mask"], ["text_features"])]

    private let folder = TestData.url("models/tiny")?.path ?? ""

    private func array(_ graph: String, _ direction: String, _ tensor: String) throws -> NumPyArray {
      try NumPyArray(contentsOf: URL(fileURLWithPath: "\(folder)/\(graph).\(direction).\(tensor).npy"))
    }

    private func inputs(of graph: String, _ names: [String]) throws -> [String: Tensor] {
      var inputs: [String: Tensor] = [:]
      for name in names {
        let array = try array(graph, "in", name)
        let isFloat = !array.floats.isEmpty
        inputs[name] = Tensor(isFloat ? .float32(array.floats) : .int64(array.integers), shape: array.shape)
      }
      return inputs
    }

    private func signature(of inputs: [String: Tensor]) -> ModelSignature {
      let tensors = inputs.sorted { $0.key < $1.key }
      return ModelSignature(
        inputs: tensors.map { TensorSpecification($0.key, $0.value.element, $0.value.shape) }, outputs: [])
    }

    /// The largest difference between what the network says and the golden output.
    private func error(of outputs: [String: Tensor], graph: String, _ names: [String]) throws -> Float {
      try names.map { name in
        let golden = try array(graph, "out", name)
        let found = try #require(outputs[name])
        #expect(found.shape == golden.shape)
        return zip(found.floats, golden.floats).map { abs($0 - $1) }.max() ?? .infinity
      }.max() ?? .infinity
    }

    // Sums of thousands of 32-bit products in another order differ by some 1e-6 of numbers up to 6.
    @Test(arguments: graphs)
    func equalsPyTorch(_ graph: (name: String, inputs: [String], outputs: [String])) async throws {
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      let inputs = try inputs(of: graph.name, graph.inputs)
      let model = try await backend.load(graph.name, as: signature(of: inputs))
      #expect(model.signature.outputs.map(\.name).sorted() == graph.outputs.sorted())
      for _ in 0..<2 {
        #expect(try error(of: await model.run(inputs), graph: graph.name, graph.outputs) < 1e-4)
      }
    }

    @Test func oneOtherPixelIsAnotherResult() async throws {
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      let inputs = try inputs(of: "sam2/encode_image", ["pixel_values"])
      let model = try await backend.load("sam2/encode_image", as: signature(of: inputs))
      let pixels = try #require(inputs["pixel_values"])
      var numbers = pixels.floats
      numbers[2000] += 1
      let outputs = try await model.run(["pixel_values": Tensor(numbers, shape: pixels.shape)])
      #expect(try error(of: outputs, graph: "sam2/encode_image", ["feat_s0", "feat_top"]) > 1e-3)
    }

    @Test func bfloat16IsNear() async throws {
      let options = OpenVINOOptions(precision: .bfloat16, threads: 1)
      let backend = try OpenVINOBackend(folder: folder, options: options)
      let inputs = try inputs(of: "edgetam/encode_image", ["pixel_values"])
      let model = try await backend.load("edgetam/encode_image", as: signature(of: inputs))
      // Eight bits of a number of at most 0.3, through some dozen layers.
      #expect(try error(of: await model.run(inputs), graph: "edgetam/encode_image", ["feat_top"]) < 0.05)
    }

    @Test func theDetectorRuns() async throws {
      // Which query takes which place hangs on differences of 1e-4 between scores; the boxes are compared without order
      // where they are decoded.
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      let names = ["pixel_values", "text_features", "position_ids", "text_self_attention_mask"]
      let inputs = try inputs(of: "gdino/gd_detect", names)
      let model = try await backend.load("gdino/gd_detect", as: signature(of: inputs))
      #expect(try error(of: await model.run(inputs), graph: "gdino/gd_detect", ["logits", "pred_boxes"]) < 1e-4)
    }

    @Test func anotherModelIsNamedByItsTensor() async throws {
      let backend = try OpenVINOBackend(folder: folder)
      let needed = ModelSignature(
        inputs: [TensorSpecification("pixel_values", .float32, [1, 3, 128, 128])], outputs: [])
      await #expect(
        throws: InferenceError.wrongTensor(
          model: "sam2/encode_image", tensor: "pixel_values", expected: "float32[1, 3, 128, 128]",
          found: "float32[1, 3, 64, 64]")
      ) { _ = try await backend.load("sam2/encode_image", as: needed) }
    }

    @Test func aWrongInputIsNamed() async throws {
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      var inputs = try inputs(of: "edgetam/encode_memory", ["feat", "low_res_mask", "object_score", "binarise"])
      let model = try await backend.load("edgetam/encode_memory", as: signature(of: inputs))
      inputs["object_score"] = Tensor([Float](repeating: 0, count: 2), shape: [2])
      await #expect(
        throws: InferenceError.wrongTensor(
          model: "edgetam/encode_memory", tensor: "object_score", expected: "float32[?, 1]", found: "float32[2]")
      ) { _ = try await model.run(inputs) }
    }

    @Test func keepsCompiledModels() async throws {
      let cache = TemporaryFolder()
      let inputs = try inputs(of: "gdino/gd_text", ["input_ids", "position_ids", "text_self_attention_mask"])
      for _ in 0..<2 {
        let options = OpenVINOOptions(threads: 1, cacheFolder: cache.url.path)
        let backend = try OpenVINOBackend(folder: folder, options: options)
        let model = try await backend.load("gdino/gd_text", as: signature(of: inputs))
        #expect(try error(of: await model.run(inputs), graph: "gdino/gd_text", ["text_features"]) < 1e-4)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: cache.url.path).count == 1)
    }
  }
#endif
