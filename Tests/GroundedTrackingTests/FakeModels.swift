import Inference
import Synchronization

/// Networks of small sizes: the detector finds one thing in the middle of the picture, the segmenter sees it everywhere. They
/// can be held up, and can fail.
final class FakeModels: InferenceBackend {
  private struct State {
    var isOpen = true
    var waiting: [CheckedContinuation<Void, Never>] = []
    var runs: [String] = []
    var broken: String?
  }

  private let state = Mutex(State())
  private static let sizes: [String: [Int?]] = [
    "pixel_values": [1, 3, 32, 32], "feat": [nil, 8, 2, 2], "mem": [nil, nil, 4, 2], "feat_s0": [1, 1, 8, 8],
    "feat_s1": [1, 2, 4, 4], "feat_top": [1, 8, 2, 2], "feat_init": [1, 8, 2, 2], "feat_cond": [nil, 8, 2, 2],
    "ptr": [nil, nil, 8],
  ]

  /// The networks that were run, in order.
  var runs: [String] { state.withLock { $0.runs } }

  func breaks(_ network: String?) { state.withLock { $0.broken = network } }

  /// Lets runs wait until they are let go.
  func hold() { state.withLock { $0.isOpen = false } }

  func letGo() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      state.isOpen = true
      return state.waiting
    }
    for one in waiting { one.resume() }
  }

  func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
    let network = String(name.split(separator: "/").last ?? "")
    if network == "prompt_mask" { throw .cannotLoad(model: name, reason: "it is not there") }
    func filled(_ tensors: [TensorSpecification]) -> [TensorSpecification] {
      tensors.map { tensor in
        let known = Self.sizes[tensor.name].flatMap { $0.count == tensor.shape.count ? $0 : nil }
        return TensorSpecification(
          tensor.name, tensor.element, tensor.shape.enumerated().map { $0.element ?? known?[$0.offset] })
      }
    }
    let signature = ModelSignature(inputs: filled(expected.inputs), outputs: filled(expected.outputs))
    return Network(name: network, signature: signature, backend: self)
  }

  private func run(_ network: Network, _ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
    try network.signature.check(inputs: inputs, model: network.name)
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        state.runs.append(network.name)
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
    if state.withLock({ $0.broken == network.name }) { throw .runFailed(model: network.name, reason: "it is broken") }
    return network.outputs(inputs)
  }

  private struct Network: InferenceModel {
    var name: String
    var signature: ModelSignature
    var backend: FakeModels

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      try await backend.run(self, inputs)
    }

    func outputs(_ inputs: [String: Tensor]) -> [String: Tensor] {
      let tokens = (inputs["input_ids"] ?? inputs["text_features"])?.shape[1] ?? 0
      if name == "gd_text" {
        return ["text_features": Tensor([Float](repeating: 1, count: 2 * tokens), shape: [1, tokens, 2])]
      }
      if name == "gd_detect" {
        var logits = [Float](repeating: -9, count: tokens)
        logits[1] = 2
        return [
          "logits": Tensor(logits, shape: [1, 1, tokens]),
          "pred_boxes": Tensor([0.5, 0.5, 0.5, 0.5], shape: [1, 1, 4]),
        ]
      }
      let objects = (inputs["points"] ?? inputs["mem"] ?? inputs["low_res_mask"])?.shape[0] ?? 1
      var outputs: [String: Tensor] = [:]
      for output in signature.outputs {
        let shape = output.shape.map { $0 ?? objects }
        outputs[output.name] = Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
      }
      return outputs
    }
  }
}
