import Foundation
import Settings
import TestSupport
import Testing

@Suite struct SettingsFileTests {
  func complaint(_ text: String) -> String? {
    do throws(SettingsError) {
      _ = try SettingsFile(text: text, path: "ws.yaml")
      return nil
    } catch {
      return error.description
    }
  }

  @Test(arguments: ["", "\n", "# nothing\n", "server:\n", "server:\n  # port: 1\nlog:\n"])
  func emptyFilesAndSectionsAreFine(text: String) {
    #expect(complaint(text) == nil)
  }

  @Test(arguments: [
    (
      "server:\n  prot: 1\n",
      "ws.yaml:2: unknown key “server.prot”; did you mean “server.port”? (known here: host, port, "
    ),
    ("\nsever:\n  port: 1\n", "ws.yaml:2: unknown key “sever”; did you mean “server”? (known here: server, access, "),
    ("log:\n  qqqqqqqq: 1\n", "ws.yaml:2: unknown key “log.qqqqqqqq” (known here: level, format)"),
    ("log:\n\n  level: loud\n", "ws.yaml:3: “loud” does not fit log.level: expected trace, debug, info, notice,"),
    ("server:\n  port: [1]\n", "ws.yaml:2: “a list or mapping” does not fit server.port: expected a whole number"),
    ("server:\n  port:\n", "ws.yaml:2: “” does not fit server.port: expected a whole number"),
    (
      "server:\n  allowed_hosts: {a: b}\n",
      "ws.yaml:2: “a list or mapping” does not fit server.allowed_hosts: expected a"
    ),
    ("server: 5\n", "ws.yaml:1: “server” should have lines “name: value”"),
    ("- server\n", "ws.yaml:1: the file should have lines “name: value”"),
    ("server:\n  port: 1\n  port: 2\n", "ws.yaml:"),
    ("server:\n\tport: 1\n", "ws.yaml:2: not YAML: found character that cannot start any token"),
    ("server: \"\n", "ws.yaml:2: not YAML: "),
  ])
  func mistakesAreOneLineThatNamesThePlace(text: String, start: String) throws {
    let message = try #require(complaint(text))
    #expect(message.hasPrefix(start), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test func missingFileIsNamed() {
    let error = #expect(throws: SettingsError.self) { try SettingsFile(path: "/nonexistent.yaml") }
    #expect(error?.description == "/nonexistent.yaml: cannot read this configuration file")
  }
}

@Suite struct SampleFileTests {
  @Test func sampleFileIsUpToDate() {
    #expect(
      Golden.difference(between: SettingsTable.sampleFile, and: "../../../worldsystem.example.yaml") == nil)
  }

  @Test func sampleFileIsValidAsItIs() throws {
    let file = try SettingsFile(text: SettingsTable.sampleFile, path: "sample")
    #expect(try Settings(SettingsResolver(flags: [:], environment: [:], file: file)) == .defaults)
  }

  /// What it says about the defaults is true, and every line can be put in force by removing the `#`.
  @Test func sampleFileWithoutCommentSignsIsTheDefaults() throws {
    let text = SettingsTable.sampleFile.replacing("  #   ", with: "  ")
    let file = try SettingsFile(text: text, path: "sample")
    let resolver = SettingsResolver(flags: [:], environment: [:], file: file)
    #expect(try Settings(resolver) == .defaults)
    for definition in SettingsTable.all { #expect(resolver.source(of: definition)?.hasPrefix("sample:") == true) }
  }

  @Test func pathsAreUniqueAndInTheirSection() {
    let all = SettingsTable.all
    #expect(Set(all.map(\.path)).count == all.count)
    for section in SettingsTable.sections { #expect(section.settings.allSatisfy { $0.section == section.name }) }
  }
}
