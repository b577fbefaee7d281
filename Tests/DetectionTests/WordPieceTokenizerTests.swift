import Detection
import NIOCore
import Testing
import TestSupport

@Suite struct WordPieceTokenizerTests {
  static let small = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "red", "car", "un", "##want", "##ed", "cafe", "中", "-",
  ]

  private func tokenizer(_ lines: [String] = small) throws -> WordPieceTokenizer {
    WordPieceTokenizer(vocabulary: try WordPieceVocabulary(lines: Array(lines.joined(separator: "\n").utf8)))
  }

  @Test(arguments: [
    ("red car.", [7, 8, 5]),
    ("  Red\tCAR\n", [7, 8]),
    ("unwanted", [9, 10, 11]),
    // No piece fits the rest: the whole word is unknown.
    ("unwantedly", [1]),
    ("Café", [12]), ("Cafe\u{301}", [12]),
    ("red中car", [7, 13, 8]),
    ("red-car", [7, 14, 8]),
    ("red\u{0}\u{200b}car", [1]),
    ("red [MASK] car", [7, 4, 8]),
    ("[mask]", [1, 1, 1]),
    ("", []),
  ])
  func cutsAsTheReferenceDoes(text: String, pieces: [Int]) throws {
    #expect(try tokenizer().encode(text) == [2] + pieces + [3])
  }

  @Test func aWordOfMoreThanAHundredScalarsIsUnknown() throws {
    let tokenizer = try tokenizer(Self.small + ["x", "##x"])
    #expect(tokenizer.encode(String(repeating: "x", count: 100)).count == 102)
    #expect(tokenizer.encode(String(repeating: "x", count: 101)) == [2, 1, 3])
  }

  @Test func textIsPutTogetherAgain() throws {
    #expect(try tokenizer().text([7, 8, 5, 9, 10, 11, 6, 99]) == "red car. unwanted?")
  }

  @Test(arguments: [
    (["[PAD]", "[UNK]", "[CLS]"], WordPieceVocabulary.Problem.missing(piece: "[SEP]")),
    (small + ["red"], .duplicate(line: 16)),
  ])
  func saysWhatIsWrongWithAVocabulary(lines: [String], problem: WordPieceVocabulary.Problem) {
    #expect(throws: problem) { try tokenizer(lines) }
  }

  @Test func aVocabularyIsUTF8() {
    #expect(throws: WordPieceVocabulary.Problem.notUTF8(line: 2)) {
      try WordPieceVocabulary(lines: Array("[PAD]\n".utf8) + [0xff, 0x0a])
    }
  }

  /// Checksums of the tokens of 10 × 1,000 random texts by `BertTokenizerFast` of transformers 5.24.
  @Test(.enabled(if: TestData.has("models/bert-base-uncased-vocab.txt"), "\(TestData.absent)"))
  func tenThousandTextsEqualTheReference() throws {
    let lines = Array(try TestData.read("models/bert-base-uncased-vocab.txt").readableBytesView)
    let tokenizer = WordPieceTokenizer(vocabulary: try WordPieceVocabulary(lines: lines))
    var random = ReferenceSequence(seed: 2026)
    let expected: [UInt64] = [
      0x6624_252e_aab8_1538, 0x2f77_15b8_d9cc_7b09, 0x9e26_6f69_f569_1e60, 0xa384_7686_f146_4d40,
      0x2804_faae_14aa_acde, 0xe1b1_fc8a_c3d6_afad, 0xb08f_0883_88c2_a7ef, 0x117a_2dc9_fcdb_42aa,
      0xf590_033d_113d_9607, 0x1ba5_bd19_384f_f645,
    ]
    for (block, checksum) in expected.enumerated() {
      var found = Checksum()
      for _ in 0..<1_000 {
        for token in tokenizer.encode(text(&random, tokenizer.vocabulary.pieces)) { found.add(token) }
      }
      #expect(found.value == checksum, "texts \(1_000 * block)…")
    }
  }

  /// Pieces, and runs of characters of one kind.
  private func text(_ random: inout ReferenceSequence, _ pieces: [String]) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<1 + random.next(12) {
      let kind = random.next(10)
      if kind < 3 {
        text.append(contentsOf: pieces[Int(random.next(UInt32(pieces.count)))].unicodeScalars)
        continue
      }
      for _ in 0..<1 + random.next(6) { text.append(scalar(&random, kind)) }
      if random.next(2) == 0 { text.append(" ") }
    }
    return String(text)
  }

  private func scalar(_ random: inout ReferenceSequence, _ kind: UInt32) -> Unicode.Scalar {
    let value: UInt32 =
      switch kind {
      case ..<5: 0x20 + random.next(95)
      case 5: 0xa0 + random.next(0x1b0)
      case 6: 0x300 + random.next(0x300)
      case 7: 0x4e00 + random.next(0x5200)
      case 8: 0xac00 + random.next(0x2ba4)
      default: random.next(0x20000)
      }
    return Unicode.Scalar(value) ?? " "
  }
}
