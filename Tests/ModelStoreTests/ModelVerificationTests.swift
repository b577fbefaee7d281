import Foundation
import Inference
import ModelStore
import TestSupport
import Testing

/// A model with one network that doubles numbers.
@Suite struct ModelVerificationTests {
  private let folder = TemporaryFolder()
  private var store: ModelStore { ModelStore(folder: folder.url) }

  private struct Doubling: InferenceBackend, InferenceModel {
    var name = "doubling/double"
    var factor: Float = 2
    var signature = ModelSignature(
      inputs: [TensorSpecification("x", .float32, [nil])], outputs: [TensorSpecification("y", .float32, [nil])])

    func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
      try signature.check(model: name, is: expected)
      return self
    }

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      guard let x = inputs["x"] else { throw .runFailed(model: name, reason: "no x") }
      return ["y": Tensor(x.floats.map { $0 * factor }, shape: x.shape)]
    }
  }

  private func array(_ numbers: [Float]) -> Data {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(numbers.count),), }\n"
    return Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]) + Data(header.utf8)
      + numbers.withUnsafeBytes { Data($0) }
  }

  private func write(shape: String = "[null]") throws {
    let model = folder.url.appending(path: "doubling")
    try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
    try Data("abc".utf8).write(to: model.appending(path: "double.xml"))
    try array([1, 2, 3]).write(to: model.appending(path: "double.in.x.npy"))
    try array([2, 4, 6]).write(to: model.appending(path: "double.out.y.npy"))
    // The digest of “abc” is the example of FIPS 180-2.
    let manifest = """
      {"name": "doubling", "title": "Doubles", "family": "test", "licence": "Apache-2.0", "precision": "f32",
       "image": {"width": 1, "height": 1, "mean": [0, 0, 0], "std": [1, 1, 1]},
       "graphs": {"double": {
         "inputs": [{"name": "x", "element": "float32", "shape": \(shape)}],
         "outputs": [{"name": "y", "element": "float32", "shape": [null]}],
         "checks": {"openvino": {"largest": 0, "relative": 0, "rms": 0, "limit": 1e-4}}}},
       "files": {"double.xml": {"bytes": 3,
         "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}}
      """
    try Data(manifest.utf8).write(to: model.appending(path: ModelManifest.fileName))
  }

  @Test func aWholeModelHasNoFaults() async throws {
    try write()
    #expect(store.names() == ["doubling"])
    let verification = try ModelVerification("doubling", in: store)
    #expect(verification.files() == [.init(subject: "double.xml", detail: "3 bytes", isFault: false)])
    #expect(verification.graphs == ["double"])
    let finding = await verification.graph("double", on: Doubling(), as: "doubling/double")
    #expect(finding == .init(subject: "double", detail: "differs from PyTorch by 0.0e+00 at most", isFault: false))
  }

  @Test func aChangedByteIsFound() throws {
    try write()
    try Data("abd".utf8).write(to: folder.url.appending(path: "doubling/double.xml"))
    let findings = try ModelVerification("doubling", in: store).files()
    #expect(findings.count == 1 && findings[0].isFault)
    #expect(findings[0].detail.hasPrefix("expected SHA-256 ba7816bf"))
    try Data("abcd".utf8).write(to: folder.url.appending(path: "doubling/double.xml"))
    #expect(try ModelVerification("doubling", in: store).files()[0].detail == "expected 3 bytes, found 4")
    try FileManager.default.removeItem(at: folder.url.appending(path: "doubling/double.xml"))
    #expect(try ModelVerification("doubling", in: store).files()[0].detail == "cannot be read")
  }

  @Test func anotherResultIsFound() async throws {
    try write()
    let verification = try ModelVerification("doubling", in: store)
    let finding = await verification.graph("double", on: Doubling(factor: 2.1), as: "doubling/double")
    // 0.3 of 6.
    #expect(finding.isFault && finding.detail == "y: differs from PyTorch by 5.0e-02, more than 4.0e-04")
  }

  @Test func anotherSignatureIsFound() async throws {
    try write(shape: "[null, 3]")
    let finding = await (try ModelVerification("doubling", in: store)).graph(
      "double", on: Doubling(), as: "doubling/double")
    #expect(finding.detail == "model doubling/double, tensor x: expected float32[?, 3], found float32[?]")
  }

  @Test func aManifestThatCannotBeReadIsNamed() throws {
    try write()
    try Data("{".utf8).write(to: folder.url.appending(path: "doubling/manifest.json"))
    #expect(throws: ModelFault.self) { try ModelVerification("doubling", in: store) }
  }
}
