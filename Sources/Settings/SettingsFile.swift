import Foundation
import Yams

/// The values of a configuration file, each with its line. Every key is known and every value fits.
public struct SettingsFile: Sendable, Equatable {
  /// Looked for in the working directory when no file is named.
  public static let defaultName = "worldsystem.yaml"

  struct Entry: Sendable, Equatable {
    var texts: [String]
    var line: Int
  }

  /// The path as it was given, for messages.
  public let path: String
  private(set) var entries: [String: Entry] = [:]

  /// Reads a file.
  /// - Throws: `SettingsError` at the first mistake, in the order of the file.
  public init(path: String) throws(SettingsError) {
    let data: Data
    do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw .unreadable(file: path, reason: "cannot read this configuration file")
    }
    guard let text = String(bytes: data, encoding: .utf8) else {
      throw .unreadable(file: path, reason: "a configuration file is UTF-8 text")
    }
    try self.init(text: text, path: path)
  }

  /// Reads the content of a file; `path` is for messages.
  public init(text: String, path: String) throws(SettingsError) {
    self.path = path
    guard let root = try Self.compose(text, path: path) else { return }
    if case .scalar(let scalar) = root, scalar.string.isEmpty { return }
    for (section, content) in try mapping(root, what: "the file") {
      let known = SettingsTable.sections.map(\.name)
      guard let name = section.string, known.contains(name) else { throw unknown(section, in: nil, known: known) }
      if case .scalar(let scalar) = content, scalar.string.isEmpty { continue }  // All its keys are comments.
      let definitions = SettingsTable.sections.first { $0.name == name }?.settings ?? []
      for (key, value) in try mapping(content, what: "“\(name)”") {
        guard let definition = definitions.first(where: { $0.name == key.string }) else {
          throw unknown(key, in: name, known: definitions.map(\.name))
        }
        try add(value, for: definition, line: line(of: key))
      }
    }
  }

  private static func compose(_ text: String, path: String) throws(SettingsError) -> Node? {
    do { return try Yams.compose(yaml: text) } catch let error as YamlError {
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw .malformed(file: path, line: mark.line, reason: "not YAML: \(problem)")
      case .duplicatedKeysInMapping(let duplicates, let context):
        throw .malformed(
          file: path, line: context.mark.line, reason: "“\(duplicates.joined(separator: "”, “"))” occurs twice")
      case .reader(let problem, _, _, _):
        throw .malformed(file: path, line: 1, reason: "not YAML: \(problem)")
      case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
        throw .malformed(file: path, line: 1, reason: "not YAML")
      @unknown default:
        throw .malformed(file: path, line: 1, reason: "not YAML")
      }
    } catch {
      throw .malformed(file: path, line: 1, reason: "not YAML: \(error)")
    }
  }

  private func mapping(_ node: Node, what: String) throws(SettingsError) -> [(key: Node, value: Node)] {
    guard case .mapping(let mapping) = node else {
      throw .malformed(file: path, line: line(of: node), reason: "\(what) should have lines “name: value”")
    }
    return mapping.map { ($0.key, $0.value) }
  }

  private mutating func add(_ node: Node, for definition: SettingDefinition, line: Int) throws(SettingsError) {
    let texts: [String]?
    switch node {
    case .scalar(let scalar): texts = definition.isList && scalar.string.isEmpty ? [] : [scalar.string]
    case .sequence(let sequence):
      let items = sequence.compactMap { item -> String? in
        guard case .scalar(let scalar) = item else { return nil }
        return scalar.string
      }
      texts = definition.isList && items.count == sequence.count ? items : nil
    case .mapping, .alias: texts = nil
    }
    guard let texts, definition.accepts(texts) else {
      throw .badValue(
        source: "\(path):\(line)", key: definition.path, value: texts?.joined(separator: ", ") ?? "a list or mapping",
        allowed: definition.allowed)
    }
    entries[definition.path] = Entry(texts: texts, line: line)
  }

  private func line(of node: Node) -> Int { node.mark?.line ?? 1 }

  private func unknown(_ node: Node, in section: String?, known: [String]) -> SettingsError {
    let name = node.string ?? "?"
    let suggestion = Spelling.closest(to: name, among: known)
    let prefix = section.map { $0 + "." } ?? ""
    return .unknownKey(
      file: path, line: line(of: node), key: prefix + name, suggestion: suggestion.map { prefix + $0 },
      allowed: known)
  }
}

/// Guesses what somebody meant to write.
enum Spelling {
  /// The candidate that differs by the fewest letters, if it is similar at all.
  static func closest(to word: String, among candidates: [String]) -> String? {
    let ranked = candidates.map { (distance(word, $0), $0) }
    guard let best = ranked.min(by: { $0.0 < $1.0 }), best.0 <= max(2, word.count / 3) else { return nil }
    return best.1
  }

  /// Letters to insert, delete or replace (Levenshtein).
  static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.unicodeScalars)
    var row = Array(0...right.count)
    for (index, scalar) in left.unicodeScalars.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let cost = min(row[column] + 1, row[column + 1] + 1, diagonal + (right[column] == scalar ? 0 : 1))
        diagonal = row[column + 1]
        row[column + 1] = cost
      }
    }
    return row[right.count]
  }
}
