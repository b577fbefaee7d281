import Foundation
import Inference
import ModelStore
import TestSupport
import Testing

@Suite struct TensorFileTests {
  private let folder = TemporaryFolder()

  private func file(_ header: String, _ numbers: [UInt8], version: UInt8 = 1) throws -> URL {
    let text = Array((header + "\n").utf8)
    let length =
      version == 1
      ? [UInt8(text.count & 255), UInt8(text.count >> 8)]
      : [UInt8(text.count & 255), UInt8(text.count >> 8), 0, 0]
    let place = folder.url.appending(path: "array.npy")
    try Data([0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + numbers).write(to: place)
    return place
  }

  private func bytes<Number>(_ numbers: [Number]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }

  @Test(arguments: [UInt8(1), 2]) func readsFloats(version: UInt8) throws {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    let place = try file(header, bytes([1, 2, 3, 4, 5, 6.5] as [Float]), version: version)
    #expect(try TensorFile.read(place) == Tensor([1, 2, 3, 4, 5, 6.5] as [Float], shape: [2, 3]))
  }

  @Test func readsIntegersAndVectors() throws {
    let place = try file("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", bytes([-1, 7] as [Int64]))
    #expect(try TensorFile.read(place) == Tensor([-1, 7] as [Int64], shape: [2]))
  }

  @Test(arguments: [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }",
    "",
  ]) func refusesWhatItDoesNotKnow(header: String) throws {
    let place = try file(header, bytes([1, 2] as [Float]))
    #expect(throws: ModelFault.self) { try TensorFile.read(place) }
  }

  @Test func namesAnAbsentFile() {
    let place = folder.url.appending(path: "absent.npy")
    #expect(throws: ModelFault("\(place.path) cannot be read")) { try TensorFile.read(place) }
  }
}
