import DetectionService
import Foundation
import TestSupport
import Testing
import Tracking

@Suite struct InstalledFindersTests {
  private let folder = TemporaryFolder()

  private func finders(_ model: String?) throws(ModelChoiceError) -> InstalledFinders {
    try InstalledFinders(InstalledFinders.Options(folder: folder.url.path, model: model))
  }

  @Test func withoutModelsWhatMovesIsFound() async throws {
    let finders = try finders(nil)
    #expect(finders.usualMode == .motion && finders.backendProblem == nil)
    #expect(finders.reasonAgainst(.motion) == nil && finders.reasonAgainst(.none) == nil)
    #expect(finders.reasonAgainst(.yolo)?.contains("FastestDet.onnx") == true)
    #expect(finders.reasonAgainst(.grounded)?.contains("models prepare") == true)
    let finder = try await finders.finder(.motion, prompt: "")
    #expect(finder.mode == "motion")
    await #expect(throws: ModelChoiceError.self) { _ = try await finders.finder(.grounded, prompt: "car.") }
  }

  @Test(arguments: [("motion", DetectionMode.motion), ("none", .none)])
  func modesMayBeAskedForByName(_ name: String, _ mode: DetectionMode) throws {
    #expect(try finders(name).usualMode == mode)
  }

  @Test func aModelThatIsNotThereIsNamed() throws {
    #expect(throws: ModelChoiceError.unknown(name: "magic", known: [])) { try finders("magic") }
    #expect {
      _ = try finders("fastestdet")
    } throws: { error in
      guard case .unavailable(name: "fastestdet", reason: _)? = error as? ModelChoiceError else { return false }
      return "\(error)".contains(folder.url.path)
    }
  }

  @Test func aGroundingDINOWithoutASegmenterIsNotEnough() throws {
    for file in ["gd/gd_text.xml", "gd/gd_detect.xml", "gd/vocab.txt"] {
      let url = folder.file(file)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: url)
    }
    let finders = try finders(nil)
    #expect(finders.models.grounding == ["gd"] && finders.models.names.isEmpty)
    #expect(finders.reasonAgainst(.grounded)?.contains("EdgeTAM") == true && finders.usualMode == .motion)
  }
}
