/// One thing that can be configured: where its value may come from, what it may be, and what it means.
public struct Setting<Value: Sendable>: Sendable {
  /// What is the same for values of every type.
  public let definition: SettingDefinition
  /// The value when nobody sets it.
  public let defaultValue: Value
  /// Reads a value from texts: one, or any number for a list.
  let parse: @Sendable ([String]) -> Value?
}

/// What documentation and messages say about a setting.
public struct SettingDefinition: Sendable, Hashable {
  /// `section.name`, as in the file.
  public let path: String
  /// The environment variable that sets it, if there is one.
  public let environment: String?
  /// The flag that sets it, if there is one.
  public let flag: String?
  /// What the value may be, to follow “expected”.
  public let allowed: String
  /// What it means, a sentence or two.
  public let help: String
  /// The default as it is written in the file.
  public let defaultText: String
  /// Whether it is a list of texts.
  public let isList: Bool
  /// Whether the texts make a value.
  let accepts: @Sendable ([String]) -> Bool

  public static func == (left: SettingDefinition, right: SettingDefinition) -> Bool { left.path == right.path }
  public func hash(into hasher: inout Hasher) { hasher.combine(path) }

  /// The part before the dot.
  public var section: String { String(path.prefix { $0 != "." }) }
  /// The part after the dot.
  public var name: String { String(path.drop { $0 != "." }.dropFirst()) }
}

/// Where else than in the file a setting may be given.
struct Sources {
  var environment: String?
  var flag: String?

  static let fileOnly = Sources()
  static func environment(_ name: String, flag: String? = nil) -> Sources { Sources(environment: name, flag: flag) }
  static func flag(_ name: String) -> Sources { Sources(flag: name) }
}

extension Setting {
  private init(
    _ path: String, _ defaultValue: Value, text: String, allowed: String, _ sources: Sources, help: String,
    isList: Bool = false, parse: @escaping @Sendable ([String]) -> Value?
  ) {
    self.defaultValue = defaultValue
    self.parse = parse
    definition = SettingDefinition(
      path: path, environment: sources.environment, flag: sources.flag, allowed: allowed, help: help,
      defaultText: text, isList: isList, accepts: { parse($0) != nil })
  }

  private static func one(_ parse: @escaping @Sendable (String) -> Value?) -> @Sendable ([String]) -> Value? {
    { texts in texts.count == 1 ? parse(texts[0]) : nil }
  }
}

extension Setting where Value == Int {
  static func integer(
    _ path: String, _ defaultValue: Int, in range: ClosedRange<Int>, from sources: Sources = .fileOnly, _ help: String
  ) -> Setting {
    let allowed =
      range.upperBound == .max
      ? "a whole number from \(range.lowerBound)" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    return Setting(
      path, defaultValue, text: "\(defaultValue)", allowed: allowed, sources, help: help,
      parse: one { text in Int(text).flatMap { range.contains($0) ? $0 : nil } })
  }
}

extension Setting where Value == Double {
  static func number(
    _ path: String, _ defaultValue: Double, in range: ClosedRange<Double>, from sources: Sources = .fileOnly,
    _ help: String
  ) -> Setting {
    Setting(
      path, defaultValue, text: shortText(defaultValue),
      allowed: "a number from \(shortText(range.lowerBound)) to \(shortText(range.upperBound))", sources, help: help,
      parse: one { text in Double(text).flatMap { range.contains($0) ? $0 : nil } })
  }

  private static func shortText(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
  }
}

extension Setting where Value == Bool {
  static func boolean(
    _ path: String, _ defaultValue: Bool, from sources: Sources = .fileOnly, _ help: String
  ) -> Setting {
    let words = [
      "true": true, "yes": true, "on": true, "1": true, "false": false, "no": false, "off": false, "0": false,
    ]
    return Setting(
      path, defaultValue, text: "\(defaultValue)", allowed: "true or false", sources, help: help,
      parse: one { words[$0.lowercased()] })
  }
}

extension Setting where Value == String {
  static func text(
    _ path: String, _ defaultValue: String, allowed: String = "a text", from sources: Sources = .fileOnly,
    _ help: String,
    where accepts: @escaping @Sendable (String) -> Bool = { _ in true }
  ) -> Setting {
    Setting(
      path, defaultValue, text: YAMLText.scalar(defaultValue), allowed: allowed, sources, help: help,
      parse: one { accepts($0) ? $0 : nil })
  }
}

extension Setting where Value == [String] {
  static func list(_ path: String, allowed: String, from sources: Sources = .fileOnly, _ help: String) -> Setting {
    Setting(path, [], text: "[]", allowed: allowed, sources, help: help, isList: true, parse: { $0 })
  }
}

extension Setting where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  static func choice(
    _ path: String, _ defaultValue: Value, from sources: Sources = .fileOnly, _ help: String
  ) -> Setting {
    let allowed = Value.allCases.map(\.rawValue)
    return Setting(
      path, defaultValue, text: YAMLText.scalar(defaultValue.rawValue),
      allowed: allowed.dropLast().joined(separator: ", ") + " or " + (allowed.last ?? ""), sources, help: help,
      parse: one { Value(rawValue: $0) })
  }
}

/// Texts as they are written in a YAML file.
enum YAMLText {
  /// A plain scalar where that is safe, else double-quoted.
  static func scalar(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "_", "-": true
      default: false
      }
    }
    // A file would read `off` and `no` as booleans elsewhere; here all values are texts, but readers may wonder.
    let first = text.unicodeScalars.first
    guard isPlain, let first, first != "-", first != "." else {
      return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return text
  }
}
