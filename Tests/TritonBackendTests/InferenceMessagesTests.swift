import Inference
import Testing
import TritonBackend

/// Messages against bytes that Google's implementation of Protocol Buffers for Python writes of the same content.
@Suite struct InferenceMessagesTests {
  private let signature = ModelSignature(
    inputs: [], outputs: [TensorSpecification("y", .float32, [nil, 2]), TensorSpecification("n", .int64, [1])])

  private func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(16 * digits[$0] + digits[$0 + 1]) }
  }

  /// Outputs y = [[1, 2]] and n = [-1], and a further one.
  private var answer: [UInt8] {
    bytes(
      """
      0a 01 6d 12 01 31
      2a 0d 0a 01 79 12 04 46 50 33 32 1a 02 01 02
      2a 0d 0a 01 6e 12 05 49 4e 54 36 34 1a 01 01
      2a 0c 0a 01 7a 12 04 46 50 33 32 1a 01 01
      32 08 00 00 80 3f 00 00 00 40
      32 08 ff ff ff ff ff ff ff ff
      32 04 00 00 00 00
      """)
  }

  @Test func asksForAModel() {
    #expect(OpenInference.query(model: "a.b") == bytes("0a 03 61 2e 62"))
  }

  @Test func sendsTensorsAsTheyLieInMemory() {
    let request = OpenInference.inferRequest(
      model: "m",
      inputs: [
        ("x", Tensor([1, -2] as [Float], shape: [1, 2])), ("i", Tensor([300] as [Int64], shape: [1])),
      ], outputs: ["y"])
    #expect(
      request
        == bytes(
          """
          0a 01 6d
          2a 0d 0a 01 78 12 04 46 50 33 32 1a 02 01 02
          2a 0d 0a 01 69 12 05 49 4e 54 36 34 1a 01 01
          32 03 0a 01 79
          3a 08 00 00 80 3f 00 00 00 c0
          3a 08 2c 01 00 00 00 00 00 00
          """))
  }

  @Test func readsWhetherTheServerIsReady() throws {
    #expect(try bytes("08 01").withUnsafeBytes { try OpenInference.isReady($0) })
    #expect(try ![UInt8]().withUnsafeBytes { try OpenInference.isReady($0) })
  }

  @Test func readsWhatAModelTakes() throws {
    // Sizes packed, and one by one, which the implementation for Python does not write but every reader must take.
    let metadata = try bytes(
      """
      0a 01 6d 12 01 31 1a 03 74 6f 79
      22 17 0a 01 78 12 04 46 50 33 32 1a 0c ff ff ff ff ff ff ff ff ff 01 03 04
      2a 0c 0a 01 79 12 05 49 4e 54 36 34 18 07
      """
    ).withUnsafeBytes { try ModelMetadata($0) }
    #expect(metadata.name == "m")
    #expect(
      try metadata.signature(model: "m")
        == ModelSignature(
          inputs: [TensorSpecification("x", .float32, [nil, 3, 4])], outputs: [TensorSpecification("y", .int64, [7])]))
  }

  @Test func namesATensorOfOtherNumbers() throws {
    let metadata = try bytes("22 09 0a 01 78 12 04 46 50 36 34").withUnsafeBytes { try ModelMetadata($0) }
    #expect(
      throws: InferenceError.wrongTensor(model: "m", tensor: "x", expected: "FP32 or INT64", found: "FP64")
    ) { try metadata.signature(model: "m") }
  }

  @Test func readsWhatAModelSays() throws {
    let outputs = try answer.withUnsafeBytes { try InferResponse($0, of: signature, model: "m").outputs }
    #expect(
      outputs == ["y": Tensor([1, 2] as [Float], shape: [1, 2]), "n": Tensor([-1] as [Int64], shape: [1])])
  }

  @Test func namesAnOutputThatIsNotAsExpected() {
    func error(_ outputs: [TensorSpecification]) -> InferenceError? {
      do {
        _ = try answer.withUnsafeBytes { bytes in
          try InferResponse(bytes, of: ModelSignature(inputs: [], outputs: outputs), model: "m")
        }
        return nil
      } catch {
        return error as? InferenceError
      }
    }
    #expect(
      error([TensorSpecification("q", .float32, [1])])
        == .wrongTensor(model: "m", tensor: "q", expected: "float32[1]", found: "no such output"))
    #expect(
      error([TensorSpecification("y", .float32, [nil, 3])])
        == .wrongTensor(model: "m", tensor: "y", expected: "float32[?, 3]", found: "FP32 [1, 2] of 8 bytes"))
    #expect(
      error([TensorSpecification("n", .float32, [1])])
        == .wrongTensor(model: "m", tensor: "n", expected: "float32[1]", found: "INT64 [1] of 8 bytes"))
  }

  /// Every cut of an answer, and every answer with one byte changed, ends in a value or an error.
  @Test func nothingOfTheNetworkTraps() {
    for length in 0..<answer.count {
      #expect(throws: InferenceError.self, "\(length)") {
        try answer[..<length].withUnsafeBytes { try InferResponse($0, of: signature, model: "m") }
      }
    }
    var results = 0
    for place in answer.indices {
      for bit in 0..<8 {
        var changed = answer
        changed[place] ^= 1 << bit
        _ = try? changed.withUnsafeBytes { try InferResponse($0, of: signature, model: "m") }
        _ = try? changed.withUnsafeBytes { try ModelMetadata($0) }
        results += 1
      }
    }
    #expect(results == 8 * answer.count)
  }
}
