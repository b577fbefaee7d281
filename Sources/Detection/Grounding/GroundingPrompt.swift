/// A sentence that names what is looked for, as Grounding DINO's text encoder takes it: "person. red backpack."
///
/// Phrases end with a full stop or a question mark. Tokens of a phrase attend to each other only, so that one phrase does
/// not change what another finds.
/// Source: Liu et al. 2023, "Grounding DINO", §3.3 (sub-sentence level text features).
public struct GroundingPrompt: Hashable, Sendable {
  /// Tokens at most, those that begin and end the text included: what the encoder was trained with.
  public static let maximalTokens = 256

  /// What is wrong with a prompt.
  public enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
    case namesNothing
    case tooLong(tokens: Int)

    public var description: String {
      switch self {
      case .namesNothing: "the prompt names nothing; write for example \"person. car.\""
      case .tooLong(let tokens): "the prompt has \(tokens) tokens, \(maximalTokens) are possible"
      }
    }
  }

  /// What is asked for, as text, in the order of the prompt.
  public let phrases: [String]
  /// Identifiers, from the piece that begins a text to the one that ends it.
  public let tokens: [Int]
  /// The phrase that each token belongs to; `nil` for tokens between phrases.
  public let phraseOfToken: [Int?]
  /// For each token, the first one of the block that it attends to, and the one after the last.
  private let blocks: [Range<Int>]

  /// - Throws: ``Problem``
  public init(_ text: String, tokenizer: WordPieceTokenizer) throws(Problem) {
    let text = Self.isEnded(text) ? text : text + "."
    let tokens = tokenizer.encode(text)
    guard tokens.count <= Self.maximalTokens else { throw .tooLong(tokens: tokens.count) }
    let special = tokenizer.vocabulary.special
    let delimiters = [special.start, special.end, special.fullStop, special.questionMark]
    var (blocks, phraseOfToken) = ([Range<Int>](), [Int?](repeating: nil, count: tokens.count))
    var phrases: [String] = []
    var start = 0
    for (index, token) in tokens.enumerated() where delimiters.contains(token) {
      let block = start..<index + 1
      let isPhrase = block.count > 1 && index < tokens.count - 1
      if isPhrase {
        for place in block.dropLast() { phraseOfToken[place] = phrases.count }
        phrases.append(tokenizer.text(tokens[block.dropLast()]))
      }
      blocks += block.map { isPhrase ? block : $0..<$0 + 1 }
      start = index + 1
    }
    guard !phrases.isEmpty else { throw .namesNothing }
    self.tokens = tokens
    self.phrases = phrases
    self.phraseOfToken = phraseOfToken
    self.blocks = blocks
  }

  private static func isEnded(_ text: String) -> Bool {
    guard let last = text.last(where: { !$0.isWhitespace }) else { return true }
    return last == "." || last == "?"
  }

  /// Which token attends to which, `[tokens, tokens]`: 1 within a phrase and its delimiter, 0 elsewhere.
  public var attention: [Float] {
    var mask = [Float](repeating: 0, count: tokens.count * tokens.count)
    for (row, block) in blocks.enumerated() {
      for column in block { mask[row * tokens.count + column] = 1 }
    }
    return mask
  }

  /// Where each token stands in its phrase, from 0.
  public var positions: [Int] {
    blocks.enumerated().map { index, block in index - block.lowerBound }
  }
}
