import ArgumentParser
import Foundation
import ModelStore

struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "Prepare, list and verify neural networks.",
    subcommands: [ModelsListCommand.self, ModelsPrepareCommand.self, ModelsVerifyCommand.self])
}

/// Where models are.
struct ModelsOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of models.", valueName: "folder"), completion: .directory)
  var models = "models"

  var store: ModelStore { ModelStore(folder: URL(fileURLWithPath: models)) }
}

struct ModelsListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Say which models are there, and which can be prepared.",
    discussion: """
      EXAMPLES
        worldsystem models list
        worldsystem models list --models /srv/models --json
      """)

  @OptionGroup var options: ModelsOptions

  @Flag(help: "Print JSON.")
  var json = false

  private struct Row: Encodable {
    var name: String
    var title: String
    var licence: String
    /// Of the files that are there, else of the weights of its checkpoint.
    var bytes: Int
    var isPrepared: Bool
    /// Pixels that it looks at.
    var size: String
    var precision: String?
    /// What is wrong with its manifest.
    var fault: String?
  }

  func run() throws {
    let rows = prepared() + available()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      Console.print(String(decoding: try encoder.encode(rows), as: UTF8.self))
      return
    }
    let widths = (rows.map(\.name.count).max() ?? 0, rows.map(\.title.count).max() ?? 0)
    for row in rows {
      let state = row.fault == nil ? (row.isPrepared ? "ready" : "-") : "broken"
      Console.print(
        [
          padded(row.name, widths.0), padded(state, 6), padded(row.precision ?? "", 4), padded(row.title, widths.1),
          padded(row.licence, 10), padded(row.size, 9),
          "\((row.bytes + 500_000) / 1_000_000) MB\(row.fault.map { ": \($0)" } ?? "")",
        ].joined(separator: "  "))
    }
    Console.print("\nworldsystem models prepare NAME prepares one; sizes of those are of their checkpoints.")
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func prepared() -> [Row] {
    options.store.names().map { name in
      do {
        let manifest = try options.store.manifest(name)
        return Row(
          name: name, title: manifest.title, licence: manifest.licence, bytes: manifest.bytes, isPrepared: true,
          size: "\(manifest.image.width)x\(manifest.image.height)", precision: manifest.precision)
      } catch {
        return Row(
          name: name, title: "", licence: "", bytes: 0, isPrepared: false, size: "", fault: "\(error)")
      }
    }
  }

  private func available() -> [Row] {
    let there = Set(options.store.names())
    return ModelCatalogue.known.models.filter { !there.contains($0.name) }.map { entry in
      Row(
        name: entry.name, title: entry.title, licence: entry.licence, bytes: entry.bytes, isPrepared: false,
        size: "\(entry.width)x\(entry.height)")
    }
  }
}
