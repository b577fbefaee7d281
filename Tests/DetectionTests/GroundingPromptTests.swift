import Detection
import Testing

@Suite struct GroundingPromptTests {
  private let tokenizer: WordPieceTokenizer

  init() throws { tokenizer = try Self.makeTokenizer() }

  static func makeTokenizer() throws -> WordPieceTokenizer {
    let lines = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "red", "car", "dog"]
    return WordPieceTokenizer(vocabulary: try WordPieceVocabulary(lines: Array(lines.joined(separator: "\n").utf8)))
  }

  @Test func tokensOfAPhraseAttendToEachOther() throws {
    let prompt = try GroundingPrompt("red car. dog", tokenizer: tokenizer)
    #expect(prompt.tokens == [2, 7, 8, 5, 9, 5, 3])
    #expect(prompt.phrases == ["red car", "dog"])
    #expect(prompt.phraseOfToken == [nil, 0, 0, nil, 1, nil, nil])
    #expect(prompt.positions == [0, 0, 1, 2, 0, 1, 0])
    #expect(
      prompt.attention == [
        1, 0, 0, 0, 0, 0, 0,
        0, 1, 1, 1, 0, 0, 0,
        0, 1, 1, 1, 0, 0, 0,
        0, 1, 1, 1, 0, 0, 0,
        0, 0, 0, 0, 1, 1, 0,
        0, 0, 0, 0, 1, 1, 0,
        0, 0, 0, 0, 0, 0, 1,
      ])
  }

  @Test func aQuestionMarkEndsAPhraseAndEmptyOnesAreNone() throws {
    let prompt = try GroundingPrompt("dog? . red.", tokenizer: tokenizer)
    #expect(prompt.phrases == ["dog", "red"])
    #expect(prompt.positions == [0, 0, 1, 0, 0, 1, 0])
  }

  @Test(arguments: ["", "  ", ".", "..?"]) func aPromptNamesSomething(text: String) {
    #expect(throws: GroundingPrompt.Problem.namesNothing) { try GroundingPrompt(text, tokenizer: tokenizer) }
  }

  @Test func aPromptHasALimit() throws {
    let words = String(repeating: "dog ", count: 253)
    #expect(try GroundingPrompt(words, tokenizer: tokenizer).tokens.count == 256)
    #expect(throws: GroundingPrompt.Problem.tooLong(tokens: 257)) {
      try GroundingPrompt(words + "red", tokenizer: tokenizer)
    }
  }
}
