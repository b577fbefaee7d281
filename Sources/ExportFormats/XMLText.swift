/// Text as XML has it.
package enum XMLText {
  /// Escapes text for content and for attributes in double quotes. Characters that XML 1.0 does not have become U+FFFD.
  /// Source: XML 1.0, sections 2.2 and 2.4.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // Parsers turn them into blanks in attributes otherwise.
      case "\t", "\n", "\r": result += "&#\(scalar.value);"
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// What every document begins with.
  package static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
}
