import ArgumentParser
import Foundation
import Logging
import Observability
import Settings

/// Flags that every command has.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "Configuration file; see worldsystem.example.yaml. (default: \(SettingsFile.defaultName), if it exists)",
      valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var configurationFile: String?

  @Option(
    help: ArgumentHelp("Least important log records to write. (default: info)", valueName: "level"),
    completion: .list(LogLevelName.allCases.map(\.rawValue)))
  var logLevel: String?

  @Option(
    help: ArgumentHelp("Log records as text or json. (default: text)", valueName: "format"),
    completion: .list(LogFormatName.allCases.map(\.rawValue)))
  var logFormat: String?

  /// Looks settings up in flags, environment and file.
  /// - Parameter flags: what the command's own flags say, by path of the setting.
  func resolver(_ flags: [String: String?]) throws -> SettingsResolver {
    let given = flags.merging(["log.level": logLevel, "log.format": logFormat]) { first, _ in first }
      .compactMapValues { $0 }
    return SettingsResolver(
      flags: given.mapValues { [$0] }, environment: ProcessInfo.processInfo.environment, file: try file())
  }

  /// Settings of the process, with logging started.
  func load(_ flags: [String: String?] = [:]) throws -> Settings {
    let settings = try Settings(resolver(flags))
    LineLogHandler.bootstrap(
      level: Logger.Level(rawValue: settings.log.level.rawValue) ?? .info,
      format: LogFormat(rawValue: settings.log.format.rawValue) ?? .text)
    return settings
  }

  /// The file that was named, else the one in the working directory, else none.
  private func file() throws -> SettingsFile? {
    if let configurationFile { return try SettingsFile(path: configurationFile) }
    guard FileManager.default.fileExists(atPath: SettingsFile.defaultName) else { return nil }
    return try SettingsFile(path: SettingsFile.defaultName)
  }
}
