import Detection

/// What the tiny text encoder reads, and pictures that the script which makes the goldens draws alike.
enum TinyGrounding {
  static let words = ["red", "car", "person", "dog", "big", "tree", "house", "boat"]

  static func tokenizer() throws -> WordPieceTokenizer {
    var lines = ["[PAD]", "[CLS]", "[SEP]", ".", "?", "[UNK]", "[MASK]"] + words
    lines += (lines.count..<256).map { "word\($0)" }
    return WordPieceTokenizer(vocabulary: try WordPieceVocabulary(lines: Array(lines.joined(separator: "\n").utf8)))
  }

  /// A texture in blocks, and squares that move over it.
  static func picture(_ frame: Int) -> RGBImage {
    let (width, height) = (96, 54)
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let grey = 60 + (x / 6 * 37 + y / 6 * 91) % 97
        pixels += [UInt8(grey), UInt8(grey * 4 / 5), UInt8(grey * 3 / 5)]
      }
    }
    let squares: [(left: Int, top: Int, width: Int, height: Int, colour: [UInt8])] = [
      (frame, 9, 18, 12, [240, 40, 40]), (70 - frame * 4 / 5, 30, 22, 16, [30, 60, 230]),
      (40, frame / 2, 10, 20, [40, 220, 60]),
    ]
    for square in squares {
      for y in max(square.top, 0)..<min(max(square.top + square.height, 0), height) {
        for x in max(square.left, 0)..<min(max(square.left + square.width, 0), width) {
          for channel in 0..<3 { pixels[3 * (y * width + x) + channel] = square.colour[channel] }
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
