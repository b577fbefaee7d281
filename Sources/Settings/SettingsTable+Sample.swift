extension SettingsTable {
  /// A file with every setting at its default, commented out and explained.
  public static var sampleFile: String {
    var text = """
      # Configuration of WorldSystem. Copy this file to worldsystem.yaml in the folder you start the server in, or
      # name it by --config FILE. A flag wins over an environment variable, which wins over this file.
      # Lines that start with `#   name: value` show the defaults.

      """
    for section in sections {
      text += "\n# \(section.help)\n\(section.name):\n"
      for setting in section.settings {
        text += wrapped(setting.help + sources(of: setting), prefix: "  # ", columns: 100)
        text += "  #   \(setting.name): \(setting.defaultText)\n"
      }
    }
    return text
  }

  private static func sources(of setting: SettingDefinition) -> String {
    let names = [setting.flag, setting.environment].compactMap { $0 }
    let also = names.isEmpty ? "" : " (Also: \(names.joined(separator: ", ")).)"
    return setting.allowed == "a text" ? also : " Expects \(setting.allowed)." + also
  }

  private static func wrapped(_ text: String, prefix: String, columns: Int) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, prefix.count + line.count + 1 + word.count > columns {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    lines.append(line)
    return lines.map { prefix + $0 + "\n" }.joined()
  }
}
