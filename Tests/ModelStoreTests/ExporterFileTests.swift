import Foundation
import ModelStore
import TestSupport
import Testing

@Suite struct ExporterFileTests {
  private let sources = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "ModelExporter")

  @Test func everyFileIsEmbeddedUnderItsPath() throws {
    let paths = try #require(FileManager.default.enumerator(atPath: sources.path)).compactMap { $0 as? String }
      .filter { $0.hasSuffix(".py") || $0.hasSuffix(".json") || $0.hasSuffix(".txt") }
    #expect(ExporterFile.all.map(\.path).sorted() == paths.sorted())
    for file in ExporterFile.all {
      #expect(try Data(contentsOf: sources.appending(path: file.path)) == file.content, "\(file.path)")
    }
  }

  @Test func isWrittenOnce() throws {
    let folder = TemporaryFolder()
    let target = try ExporterFile.write(into: folder.url)
    let file = target.appending(path: "worldsystem_models/forms.py")
    #expect(FileManager.default.fileExists(atPath: file.path))
    // A damaged file is written anew, in the same folder.
    try Data("broken".utf8).write(to: file)
    #expect(try ExporterFile.write(into: folder.url) == target)
    #expect(try Data(contentsOf: file).count > 1000)
  }

  @Test func theCatalogueIsComplete() {
    let names = ModelCatalogue.known.models.map(\.name)
    #expect(
      names == [
        "sam2.1-hiera-tiny", "sam2.1-hiera-small", "sam2.1-hiera-base-plus", "sam2.1-hiera-large", "edgetam",
        "grounding-dino-tiny", "grounding-dino-base", "mm-grounding-dino-tiny", "llmdet-tiny",
      ])
    #expect(ModelCatalogue.known.models.allSatisfy { $0.repository != nil && $0.licence == "Apache-2.0" })
    #expect(Set(names + ModelCatalogue.known.tiny.map(\.name)).count == names.count + 3 - 1)
  }
}
