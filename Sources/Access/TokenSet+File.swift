extension TokenSet {
  /// Reads a token file: lines `publish: TOKEN`, `view: TOKEN`, `control: TOKEN`; `#` starts a comment. A role may
  /// occur more than once, while tokens are being exchanged.
  /// - Throws: `AccessError` when the file cannot be read, others can read it, or a line makes no sense.
  public init(file path: String) throws(AccessError) {
    try self.init(text: PrivateFile.read(path), path: path)
  }

  /// Reads the content of a token file; `path` is for messages.
  init(text: String, path: String) throws(AccessError) {
    self.init()
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let content = line.prefix { $0 != "#" }.trimmed
      guard !content.isEmpty else { continue }
      let parts = content.split(separator: ":", maxSplits: 1).map(\.trimmed)
      guard parts.count == 2 else {
        throw .tokenFile(path: path, line: index + 1, reason: "expected “role: token”")
      }
      guard let permission = Permission(rawValue: String(parts[0])) else {
        let roles = Permission.allCases.map(\.rawValue).joined(separator: ", ")
        throw .tokenFile(path: path, line: index + 1, reason: "unknown role “\(parts[0])”; roles are \(roles)")
      }
      guard let token = Token(parts[1].unquoted) else {
        let reason = "a token has \(Token.lengths.lowerBound) to \(Token.lengths.upperBound) of A–Z a–z 0–9 - . _ ~"
        throw .tokenFile(path: path, line: index + 1, reason: reason)
      }
      add(token, for: permission)
    }
    guard !isEmpty else { throw .tokenFile(path: path, line: 1, reason: "no token in this file") }
  }

  /// The content of a token file with these tokens; also a YAML mapping when each role occurs once.
  public var fileText: String {
    var text = "# Tokens of a WorldSystem server. Who has one may do what its role says; keep this file secret.\n"
    for permission in Permission.allCases {
      for token in tokens(for: permission) { text += "\(permission.rawValue): \(token.secret)\n" }
    }
    return text
  }

  /// Writes a token file that only its owner can read.
  public func write(file path: String) throws(AccessError) { try PrivateFile.write(fileText, to: path) }
}

extension Substring {
  fileprivate var trimmed: Substring {
    let isSpace = { (character: Character) in character == " " || character == "\t" || character == "\r" }
    guard let last = lastIndex(where: { !isSpace($0) }) else { return self[startIndex..<startIndex] }
    return self[startIndex...last].drop(while: isSpace)
  }

  fileprivate var unquoted: Substring {
    guard count >= 2, let quote = first, quote == last, quote == "\"" || quote == "'" else { return self }
    return dropFirst().dropLast()
  }
}
