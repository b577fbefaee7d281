/// The pieces of words that a text encoder knows, in the order of their identifiers: the `vocab.txt` of BERT.
public struct WordPieceVocabulary: Sendable {
  /// What is wrong with a vocabulary.
  public enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
    case missing(piece: String)
    case duplicate(line: Int)
    case notUTF8(line: Int)
    case tooManyPieces(limit: Int)

    public var description: String {
      switch self {
      case .missing(let piece): "the vocabulary lacks \(piece)"
      case .duplicate(let line): "line \(line) of the vocabulary repeats an earlier piece"
      case .notUTF8(let line): "line \(line) of the vocabulary is not UTF-8"
      case .tooManyPieces(let limit): "the vocabulary has more than \(limit) pieces"
      }
    }
  }

  /// Pieces that mean something to the encoder, rather than text.
  public struct Special: Hashable, Sendable {
    public var padding: Int
    public var unknown: Int
    /// Begins a text.
    public var start: Int
    /// Ends a text.
    public var end: Int
    public var mask: Int
    public var fullStop: Int
    public var questionMark: Int
  }

  static let maximalCount = 1 << 20
  private static let specialPieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

  public let special: Special
  /// Piece by identifier.
  public let pieces: [String]
  /// By the bytes of UTF-8: `String` takes canonically equivalent pieces for the same.
  private let identifiers: [[UInt8]: Int]
  /// Bytes of the longest piece.
  let longest: Int
  /// The special pieces as they are written in a text.
  let specialTexts: [(text: [Unicode.Scalar], identifier: Int)]

  /// Reads a vocabulary: one piece a line, the first line being identifier 0.
  public init(lines text: [UInt8]) throws(Problem) {
    var pieces: [String] = []
    var identifiers: [[UInt8]: Int] = [:]
    var longest = 0
    for (number, line) in Self.lines(of: text).enumerated() {
      guard pieces.count < Self.maximalCount else { throw .tooManyPieces(limit: Self.maximalCount) }
      guard let piece = String(validating: line, as: UTF8.self) else { throw .notUTF8(line: number + 1) }
      guard identifiers.updateValue(number, forKey: Array(line)) == nil else { throw .duplicate(line: number + 1) }
      pieces.append(piece)
      longest = max(longest, line.count)
    }
    self.pieces = pieces
    self.identifiers = identifiers
    self.longest = longest
    func identifier(_ piece: String) throws(Problem) -> Int {
      guard let identifier = identifiers[Array(piece.utf8)] else { throw .missing(piece: piece) }
      return identifier
    }
    special = try Special(
      padding: identifier("[PAD]"), unknown: identifier("[UNK]"), start: identifier("[CLS]"),
      end: identifier("[SEP]"), mask: identifier("[MASK]"), fullStop: identifier("."),
      questionMark: identifier("?"))
    specialTexts = Self.specialPieces.compactMap { piece in
      identifiers[Array(piece.utf8)].map { (Array(piece.unicodeScalars), $0) }
    }
  }

  private static func lines(of text: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
  }

  /// The identifier of a piece given as UTF-8, or `nil`.
  func identifier(of piece: [UInt8]) -> Int? { identifiers[piece] }
}
