import Configuration
import Observability

/// Looks settings up in their order of precedence: flags, environment, file, default.
public struct SettingsResolver: Sendable {
  /// Texts given by flags, by path of the setting.
  private let flags: [String: [String]]
  private let environment: [String: String]
  private let file: SettingsFile?
  private let reader: ConfigReader

  /// - Parameters:
  ///   - flags: what was given on the command line, by path of the setting (`server.port`).
  ///   - environment: all variables; an empty one counts as not set.
  ///   - file: the configuration file, if there is one.
  public init(flags: [String: [String]], environment: [String: String], file: SettingsFile?) {
    self.flags = flags
    self.environment = environment
    self.file = file
    // A reader knows lists of texts only where they are asked for, so everything is stored as a list.
    let flagValues = flags.map { (AbsoluteConfigKey(ConfigKey($0)), ConfigValue(.stringArray($1), isSecret: false)) }
    let fileValues = (file?.entries ?? [:]).map {
      (AbsoluteConfigKey(ConfigKey($0)), ConfigValue(.stringArray($1.texts), isSecret: false))
    }
    var variables: [String: String] = [:]
    for definition in SettingsTable.all {
      guard let name = definition.environment, let value = environment[name], !value.isEmpty else { continue }
      variables[definition.path.replacing(".", with: "_").uppercased()] = value
    }
    reader = ConfigReader(providers: [
      InMemoryProvider(name: "flags", values: Dictionary(uniqueKeysWithValues: flagValues)),
      // No comma in a value that is not a list: the separator is one that no variable contains.
      EnvironmentVariablesProvider(environmentVariables: variables, arraySeparator: "\u{1F}"),
      InMemoryProvider(name: "file", values: Dictionary(uniqueKeysWithValues: fileValues)),
    ])
  }

  /// The value of a setting.
  /// - Throws: `SettingsError.badValue` when what was given does not fit.
  public func value<Value>(_ setting: Setting<Value>) throws(SettingsError) -> Value {
    let definition = setting.definition
    guard let texts = texts(definition) else { return setting.defaultValue }
    guard let value = setting.parse(texts) else {
      throw .badValue(
        source: source(of: definition) ?? "default", key: definition.path,
        value: texts.map(Self.withoutSecrets).joined(separator: ", "),
        allowed: definition.allowed)
    }
    return value
  }

  /// Where the value of a setting comes from, in words; `nil` for the default.
  public func source(of definition: SettingDefinition) -> String? {
    if flags[definition.path] != nil { return definition.flag ?? "flag" }
    if let name = definition.environment, environment[name]?.isEmpty == false { return "environment variable \(name)" }
    if let file, let entry = file.entries[definition.path] { return "\(file.path):\(entry.line)" }
    return nil
  }

  /// What was given for a setting; `nil` when nothing was.
  func texts(_ definition: SettingDefinition) -> [String]? {
    guard let texts = reader.stringArray(forKey: ConfigKey(definition.path)) else { return nil }
    guard definition.isList, flags[definition.path] == nil, definition.environment.flatMap({ environment[$0] }) != nil
    else { return texts }
    return texts.flatMap { $0.split(separator: ",").map(String.init) }
  }

  /// All settings as a file, with the source of each value that is not the default. URLs lose what may be secret.
  public func effectiveFile() -> String {
    var text = ""
    for section in SettingsTable.sections {
      text += text.isEmpty ? "" : "\n"
      text += "\(section.name):\n"
      for definition in section.settings {
        let value: String
        if let texts = texts(definition)?.map(Self.withoutSecrets) {
          value =
            definition.isList
            ? "[" + texts.map(YAMLText.scalar).joined(separator: ", ") + "]" : YAMLText.scalar(texts.first ?? "")
        } else {
          value = definition.defaultText
        }
        text += "  \(definition.name): \(value)" + (source(of: definition).map { "  # from \($0)" } ?? "") + "\n"
      }
    }
    return text
  }

  private static func withoutSecrets(_ text: String) -> String { RedactedURL(text).description }
}
