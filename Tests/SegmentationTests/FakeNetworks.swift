import Inference
import Synchronization

/// Networks of small sizes that say numbers which follow from what they are given, and keep what that was.
final class FakeNetworks: InferenceBackend {
  static let image = 32
  static let grid = 2
  static let channels = 8
  static let tokens = 4
  static let memoryChannels = 2

  /// One run of a network.
  struct Run: Hashable, Sendable {
    var network: String
    var inputs: [String: Tensor]
  }

  private let log = Mutex<[Run]>([])
  private let broken = Mutex<String?>(nil)
  private let hasPromptMask: Bool

  init(hasPromptMask: Bool = true) { self.hasPromptMask = hasPromptMask }

  /// What ran since the last call, in order.
  func takeRuns() -> [Run] {
    log.withLock { runs in
      defer { runs = [] }
      return runs
    }
  }

  /// Lets a network fail, or none.
  func breaks(_ network: String?) { broken.withLock { $0 = network } }

  func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
    let network = String(name.split(separator: "/").last ?? "")
    if network == "prompt_mask", !hasPromptMask { throw .cannotLoad(model: name, reason: "it is not there") }
    // What a caller leaves open before it knows the sizes is fixed here.
    let sizes: [String: [Int?]] = [
      "pixel_values": [1, 3, Self.image, Self.image], "feat": [nil, Self.channels, Self.grid, Self.grid],
      "mem": [nil, nil, Self.tokens, Self.memoryChannels], "feat_s0": [1, 1, 8, 8], "feat_s1": [1, 2, 4, 4],
      "feat_top": [1, Self.channels, Self.grid, Self.grid], "feat_init": [1, Self.channels, Self.grid, Self.grid],
      "feat_cond": [nil, Self.channels, Self.grid, Self.grid], "ptr": [nil, nil, Self.channels],
    ]
    func filled(_ tensors: [TensorSpecification]) -> [TensorSpecification] {
      tensors.map { tensor in
        let known = sizes[tensor.name].flatMap { $0.count == tensor.shape.count ? $0 : nil }
        return TensorSpecification(
          tensor.name, tensor.element, tensor.shape.enumerated().map { $0.element ?? known?[$0.offset] })
      }
    }
    let signature = ModelSignature(inputs: filled(expected.inputs), outputs: filled(expected.outputs))
    return Network(name: network, signature: signature, backend: self)
  }

  private func run(_ network: Network, _ inputs: [String: Tensor]) throws(InferenceError) -> [String: Tensor] {
    try network.signature.check(inputs: inputs, model: network.name)
    log.withLock { $0.append(Run(network: network.name, inputs: inputs)) }
    if broken.withLock({ $0 == network.name }) { throw .runFailed(model: network.name, reason: "it is broken") }
    let objects = (inputs["points"] ?? inputs["mem"] ?? inputs["low_res_mask"] ?? inputs["mask"])?.shape[0] ?? 1
    var outputs: [String: Tensor] = [:]
    for output in network.signature.outputs {
      let shape = output.shape.map { $0 ?? objects }
      outputs[output.name] = Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
    }
    return outputs
  }

  private struct Network: InferenceModel {
    var name: String
    var signature: ModelSignature
    var backend: FakeNetworks

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      try backend.run(self, inputs)
    }
  }
}
