import Foundation
import Inference
import OpenVINOBackend
import TestSupport
import Testing

@Suite struct MissingModelTests {
  #if OpenVINO
    @Test func saysWhereItLooked() async throws {
      let folder = TemporaryFolder()
      let backend = try OpenVINOBackend(folder: folder.url.path)
      await #expect(
        throws: InferenceError.cannotLoad(
          model: "absent", reason: "there is neither \(folder.url.path)/absent.xml nor \(folder.url.path)/absent.onnx")
      ) { _ = try await backend.load("absent", as: ModelSignature(inputs: [], outputs: [])) }
    }

    @Test func saysWhatIsNoModel() async throws {
      let folder = TemporaryFolder()
      try folder.write("<nonsense/>", to: "broken.xml")
      let backend = try OpenVINOBackend(folder: folder.url.path)
      do {
        _ = try await backend.load("broken", as: ModelSignature(inputs: [], outputs: []))
        Issue.record("a file of nonsense was loaded")
      } catch InferenceError.cannotLoad(let model, let reason) {
        #expect(model == "broken")
        #expect(!reason.isEmpty)
      }
    }
  #else
    @Test func saysThatItIsNotThere() {
      #expect(
        throws: InferenceError.unavailable(
          reason: "this program was built without OpenVINO; build it with scripts/install-dependencies and ./run")
      ) { _ = try OpenVINOBackend(folder: "models") }
    }
  #endif
}
