// Canonical decomposition is in the standard library, under a name that is not promised to stay; Foundation's is no
// choice for a pure target, and a table of our own would be one more Unicode version.
@_spi(_Unicode) import Swift

/// Prepares a text as BERT's uncased tokenizer does: no control characters, no accents, lower case.
///
/// Source: Devlin et al. 2019, "BERT", `BasicTokenizer`; where implementations differ, as the `tokenizers` library of
/// Hugging Face, whose output the models were trained and exported with.
enum TextNormaliser {
  static func normalised(_ text: some Sequence<Unicode.Scalar>) -> [Unicode.Scalar] {
    var spaced = String.UnicodeScalarView()
    for scalar in text {
      guard scalar != "\0", scalar != "\u{fffd}", !isControl(scalar) else { continue }
      if isWhitespace(scalar) {
        spaced.append(" ")
      } else if isIdeograph(scalar) {
        spaced.append(contentsOf: [" ", scalar, " "])
      } else {
        spaced.append(scalar)
      }
    }
    return String(spaced)._nfd.filter { category($0) != .nonspacingMark }
      .flatMap { $0.properties.lowercaseMapping.unicodeScalars }
  }

  /// The words and punctuation marks of a normalised text, in order.
  static func words(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var words: [ArraySlice<Unicode.Scalar>] = []
    var start = text.startIndex
    func take(upTo end: Int) { if start < end { words.append(text[start..<end]) } }
    for index in text.indices {
      if isWhitespace(text[index]) {
        take(upTo: index)
        start = index + 1
      } else if isPunctuation(text[index]) {
        take(upTo: index)
        words.append(text[index...index])
        start = index + 1
      }
    }
    take(upTo: text.endIndex)
    return words
  }

  static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  /// Tab and line ends are white space.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "\t" || scalar == "\n" || scalar == "\r" { return false }
    return switch category(scalar) {
    case .control, .format, .privateUse: true
    default: false
    }
  }

  static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      // Symbols of ASCII, such as `$` and `^`, count too.
      return switch scalar.value {
      case 33...47, 58...64, 91...96, 123...126: true
      default: false
      }
    }
    return switch category(scalar) {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      true
    default: false
    }
  }

  /// The category as it was in Unicode 8, which the reference has; what came later was not assigned.
  private static func category(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    switch scalar.value {
    case 0x166D, 0x111C9: return .otherPunctuation
    case 0x1734, 0x1171E: return .nonspacingMark
    case 0xA9BD: return .spacingMark
    case 0x1885, 0x1886: return .otherLetter
    default:
      guard let age = scalar.properties.age, age.major <= 8 else { return .unassigned }
      return scalar.properties.generalCategory
    }
  }

  /// Chinese characters, which are words of their own; Hangul and Kana are not.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF,
      0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
