/// A mistake in the configuration. `description` is one line that names the place and what is allowed there.
public enum SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file cannot be read.
  case unreadable(file: String, reason: String)
  /// The file is no YAML, or not a mapping of sections.
  case malformed(file: String, line: Int, reason: String)
  /// The file has a key that does not exist.
  case unknownKey(file: String, line: Int, key: String, suggestion: String?, allowed: [String])
  /// A value does not fit. `source` is `file:line`, a flag or an environment variable.
  case badValue(source: String, key: String, value: String, allowed: String)

  public var description: String {
    switch self {
    case .unreadable(let file, let reason): return "\(file): \(reason)"
    case .malformed(let file, let line, let reason): return "\(file):\(line): \(reason)"
    case .unknownKey(let file, let line, let key, let suggestion, let allowed):
      let hint = suggestion.map { "; did you mean “\($0)”?" } ?? ""
      return "\(file):\(line): unknown key “\(key)”\(hint) (known here: \(allowed.joined(separator: ", ")))"
    case .badValue(let source, let key, let value, let allowed):
      return "\(source): “\(value)” does not fit \(key): expected \(allowed)"
    }
  }
}
