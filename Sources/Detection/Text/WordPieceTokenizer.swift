/// Cuts a text into pieces that a BERT text encoder knows.
///
/// Source: Wu et al. 2016, "Google's Neural Machine Translation System", §4.1 (WordPiece), as BERT uses it: the longest
/// known piece first, from the left; pieces inside a word begin with `##`.
public struct WordPieceTokenizer: Sendable {
  /// Scalars of a word; longer ones are unknown.
  static let maximalWordLength = 100

  public let vocabulary: WordPieceVocabulary

  public init(vocabulary: WordPieceVocabulary) { self.vocabulary = vocabulary }

  /// The pieces of a text between those that begin and end it, as the encoder takes them.
  ///
  /// Special pieces that are written out, such as `[MASK]`, are taken for what they name.
  /// - Complexity: O(text · longest piece).
  public func encode(_ text: String) -> [Int] {
    var identifiers = [vocabulary.special.start]
    var plain: [Unicode.Scalar] = []
    let scalars = Array(text.unicodeScalars)
    var index = 0
    while index < scalars.count {
      if let special = special(in: scalars, at: index) {
        append(plain, to: &identifiers)
        plain = []
        identifiers.append(special.identifier)
        index += special.length
      } else {
        plain.append(scalars[index])
        index += 1
      }
    }
    append(plain, to: &identifiers)
    identifiers.append(vocabulary.special.end)
    return identifiers
  }

  /// The text of tokens: words apart, their pieces and what ends a sentence together, as the reference decodes them.
  public func text(_ tokens: some Sequence<Int>) -> String {
    var text = ""
    for token in tokens where vocabulary.pieces.indices.contains(token) {
      let piece = vocabulary.pieces[token]
      if text.isEmpty {
        text = piece
      } else if piece.hasPrefix("##") {
        text += piece.dropFirst(2)
      } else if [".", "?", "!", ","].contains(piece) {
        text += piece
      } else {
        text += " " + piece
      }
    }
    return text
  }

  private func special(in text: [Unicode.Scalar], at index: Int) -> (identifier: Int, length: Int)? {
    guard text[index] == "[" else { return nil }
    return vocabulary.specialTexts.first { text[index...].starts(with: $0.text) }.map { ($0.identifier, $0.text.count) }
  }

  private func append(_ text: [Unicode.Scalar], to identifiers: inout [Int]) {
    for word in TextNormaliser.words(TextNormaliser.normalised(text)) { identifiers += pieces(of: word) }
  }

  private func pieces(of word: ArraySlice<Unicode.Scalar>) -> [Int] {
    guard word.count <= Self.maximalWordLength else { return [vocabulary.special.unknown] }
    var rest = word
    var pieces: [Int] = []
    while !rest.isEmpty {
      guard let (identifier, length) = longestPiece(of: rest, isInside: !pieces.isEmpty) else {
        return [vocabulary.special.unknown]
      }
      pieces.append(identifier)
      rest = rest.dropFirst(length)
    }
    return pieces
  }

  private func longestPiece(
    of word: ArraySlice<Unicode.Scalar>, isInside: Bool
  ) -> (identifier: Int, length: Int)? {
    var bytes: [UInt8] = isInside ? Array("##".utf8) : []
    var best: (identifier: Int, length: Int)?
    for (length, scalar) in zip(1..., word) {
      bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      if bytes.count > vocabulary.longest { break }
      if let identifier = vocabulary.identifier(of: bytes) { best = (identifier, length) }
    }
    return best
  }
}
