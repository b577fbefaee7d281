import Detection
import Inference
import Testing

@Suite struct GroundingDecoderTests {
  private let prompt: GroundingPrompt
  // [CLS] red car . dog . [SEP]
  private static let nothing: [Float] = [-9, -9, -9, -9, -9, -9, -9]

  private let tokenizer: WordPieceTokenizer

  init() throws {
    tokenizer = try GroundingPromptTests.makeTokenizer()
    prompt = try GroundingPrompt("red car. dog.", tokenizer: tokenizer)
  }

  private func detections(_ queries: [(logits: [Float], box: [Float])]) -> [DetectedBox] {
    GroundingDecoder().detections(
      logits: Tensor(queries.flatMap(\.logits), shape: [1, queries.count, 7]),
      boxes: Tensor(queries.flatMap(\.box), shape: [1, queries.count, 4]), prompt: prompt,
      tokenizer: tokenizer, width: 200, height: 100)
  }

  @Test func aBoxHasTheWordsThatFit() throws {
    let found = try #require(detections([([-9, 0.5, -1, -9, -2, -9, -9], [0.5, 0.5, 0.2, 0.4])]).first)
    let offset = found.box - [80, 30, 120, 70]
    #expect((offset * offset).sum() < 1e-6)
    #expect(abs(found.score - 0.62246) < 1e-5)
    // The sigmoid of −1 is 0.27, that of −2 is 0.12.
    #expect(found.label == "red car" && found.category == 0)
  }

  @Test func whatBeginsAndEndsATextIsNoWord() throws {
    let found = try #require(detections([([3, -9, -9, -9, 1, -9, 3], [0.5, 0.5, 0.2, 0.4])]).first)
    #expect(found.label == "dog" && found.category == nil)
  }

  @Test func weakBoxesAreLeftOut() {
    #expect(detections([(Self.nothing, [0.5, 0.5, 0.2, 0.4])]).isEmpty)
  }

  @Test func theBestOfOverlappingBoxesOfAPhraseStays() {
    let (weak, strong): ([Float], [Float]) = ([-9, 0, 0, -9, -9, -9, -9], [-9, 2, 0, -9, -9, -9, -9])
    let dog: [Float] = [-9, -9, -9, -9, 1, -9, -9]
    let found = detections([
      (weak, [0.5, 0.5, 0.2, 0.4]), (strong, [0.51, 0.5, 0.2, 0.4]), (dog, [0.5, 0.5, 0.2, 0.4]),
      (weak, [0.9, 0.5, 0.2, 0.4]),
    ])
    #expect(found.map(\.label) == ["red car", "dog", "red car"])
    #expect(found.map(\.category) == [0, 1, 0])
    #expect(found[0].box.x > 81 && found[2].box.x > 150)
  }
}
