import Detection
import Inference
import Synchronization
import Testing

/// Networks that find one box for each phrase, and keep what they were given.
private final class FakeGrounding: InferenceBackend {
  struct Run: Sendable {
    var network: String
    var inputs: [String: Tensor]
  }

  private let log = Mutex<[Run]>([])
  /// A size of nothing is left open.
  private let sizes: [String: (width: Int, height: Int)]

  init(_ sizes: [String: (width: Int, height: Int)] = ["gd_detect": (8, 4)]) { self.sizes = sizes }

  func takeRuns() -> [Run] {
    log.withLock { runs in
      defer { runs = [] }
      return runs
    }
  }

  func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
    let network = String(name.split(separator: "/").last ?? "")
    var signature = expected
    if network != "gd_text" {
      guard let size = sizes[network] else { throw .cannotLoad(model: name, reason: "it is not there") }
      signature.inputs[0].shape = size.width == 0 ? [1, 3, nil, nil] : [1, 3, size.height, size.width]
    }
    return Network(name: network, signature: signature, backend: self)
  }

  private struct Network: InferenceModel {
    var name: String
    var signature: ModelSignature
    var backend: FakeGrounding

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      try signature.check(inputs: inputs, model: name)
      backend.log.withLock { $0.append(Run(network: name, inputs: inputs)) }
      if name == "gd_text" {
        let count = inputs["input_ids"]?.shape[1] ?? 0
        return ["text_features": Tensor([Float](repeating: 1, count: count * 2), shape: [1, count, 2])]
      }
      let count = inputs["text_features"]?.shape[1] ?? 0
      var logits = [Float](repeating: -9, count: count)
      logits[1] = 2
      return [
        "logits": Tensor(logits, shape: [1, 1, count]), "pred_boxes": Tensor([0.5, 0.5, 0.5, 1], shape: [1, 1, 4]),
      ]
    }
  }
}

@Suite struct GroundingDetectorTests {
  private let picture = RGBImage(width: 40, height: 20, pixels: [UInt8](repeating: 128, count: 2400))

  @Test func findsInPixelsOfThePicture() async throws {
    let backend = FakeGrounding()
    var detector = try await GroundingDetector("gdino", from: backend, tokenizer: TinyGrounding.tokenizer())
    let found = try await detector.detect(in: picture, naming: detector.prompt("car. red dog."))
    #expect(found.map(\.box) == [[10, 0, 30, 20]])
    #expect(found.map(\.label) == ["car"] && found.map(\.category) == [0])
    let runs = backend.takeRuns()
    #expect(runs.map(\.network) == ["gd_text", "gd_detect"])
    // [CLS] car . red dog . [SEP]
    #expect(runs[0].inputs["input_ids"] == Tensor([1, 8, 3, 7, 10, 3, 2] as [Int64], shape: [1, 7]))
    #expect(runs[1].inputs["position_ids"] == Tensor([0, 0, 1, 0, 1, 2, 0] as [Int64], shape: [1, 7]))
    #expect(runs[1].inputs["pixel_values"]?.shape == [1, 3, 4, 8])
  }

  @Test func readsAPromptOnceAndForgetsTheLeastUsed() async throws {
    let backend = FakeGrounding()
    var detector = try await GroundingDetector("gdino", from: backend, tokenizer: TinyGrounding.tokenizer())
    func texts(_ prompts: [String]) async throws -> Int {
      for prompt in prompts { _ = try await detector.detect(in: picture, naming: detector.prompt(prompt)) }
      return backend.takeRuns().count { $0.network == "gd_text" }
    }
    #expect(try await texts(["car.", "car.", "Car", "dog.", "car."]) == 2)
    let others = (0..<GroundingDetector.rememberedPrompts).map { "word\($0 + 20)." }
    // `dog.` was used before `car.`, so it goes first.
    #expect(try await texts(Array(others.dropLast())) == others.count - 1)
    #expect(try await texts(["car."]) == 0)
    #expect(try await texts(["dog."]) == 1)
  }

  @Test func otherSizesStandBesideTheFirst() async throws {
    let backend = FakeGrounding(["gd_detect": (8, 4), "gd_detect_large": (16, 8)])
    var detector = try await GroundingDetector(
      "gdino", from: backend, tokenizer: TinyGrounding.tokenizer(), variants: ["_large", "_small"])
    #expect(detector.sizes == [.init(width: 16, height: 8), .init(width: 8, height: 4)])
    for size in 0..<2 { _ = try await detector.detect(in: picture, naming: detector.prompt("car."), size: size) }
    #expect(backend.takeRuns().map(\.network) == ["gd_text", "gd_detect_large", "gd_detect"])
  }

  @Test func aNetworkOfAnySizeIsNone() async throws {
    let backend = FakeGrounding(["gd_detect": (0, 0)])
    let tokenizer = try TinyGrounding.tokenizer()
    await #expect(
      throws: InferenceError.wrongTensor(
        model: "gd_detect", tensor: "pixel_values", expected: "a fixed height and width",
        found: "sizes that are left open")
    ) { _ = try await GroundingDetector("gdino", from: backend, tokenizer: tokenizer) }
  }
}
