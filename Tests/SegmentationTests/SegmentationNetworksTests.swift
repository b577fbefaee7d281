import Inference
import Segmentation
import Testing

@Suite struct SegmentationNetworksTests {
  @Test func takesItsSizesFromTheNetworks() async throws {
    let sizes = try await SegmentationNetworks("sam2", from: FakeNetworks()).sizes
    #expect([sizes.image, sizes.grid, sizes.channels, sizes.memoryTokens, sizes.memoryChannels] == [32, 2, 8, 4, 2])
    #expect(sizes.mask == 8)
  }

  /// A backend whose memory network leaves its sizes open.
  private struct OpenMemory: InferenceBackend {
    let inner = FakeNetworks()

    func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
      let model = try await inner.load(name, as: expected)
      return name == "sam2/attend_memory" ? SignatureOnly(name: model.name, signature: expected) : model
    }
  }

  /// A model that only has a signature.
  private struct SignatureOnly: InferenceModel {
    var name: String
    var signature: ModelSignature

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] { [:] }
  }

  @Test func namesTheTensorThatDoesNotFit() async throws {
    await #expect(
      throws: InferenceError.wrongTensor(
        model: "attend_memory", tensor: "feat", expected: "a fixed size of axis 3", found: "a size that is left open")
    ) { _ = try await SegmentationNetworks("sam2", from: OpenMemory()) }
  }
}
