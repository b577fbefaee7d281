#if OpenVINO
  import Detection
  import Foundation
  import OpenVINOBackend
  import TestSupport
  import Testing

  /// Text and pixels to boxes with the tiny networks, against the reference implementation: Fixtures/README.md.
  @Suite(.enabled(if: TestData.has("models/tiny/manifest.json"), "\(TestData.absent)"))
  struct GroundingReferenceTests {
    private struct Golden: Decodable {
      struct Found: Decodable {
        var box: [Float]
        var score: Float
        var label: String
        var category: Int?
      }

      var prompt: String
      var frame: Int
      var found: [Found]
    }

    private func goldens() throws -> [Golden] {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/grounding.jsonl")
      return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(Golden.self, from: Data($0.utf8))
      }
    }

    @Test func findsWhatTheReferenceFinds() async throws {
      let folder = TestData.url("models/tiny")?.path ?? ""
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      var decoder = GroundingDecoder()
      (decoder.boxThreshold, decoder.textThreshold, decoder.maximalOverlap) = (0.99999, 0.99, 0.5)
      var detector = try await GroundingDetector(
        "gdino", from: backend, tokenizer: TinyGrounding.tokenizer(), decoder: decoder)
      #expect(detector.sizes == [GroundingDetector.Size(width: 160, height: 128)])
      let goldens = try goldens()
      #expect(goldens.count == 12 && goldens.allSatisfy { $0.found.count > 8 })
      for golden in goldens {
        let found = try await detector.detect(
          in: TinyGrounding.picture(golden.frame), naming: detector.prompt(golden.prompt))
        #expect(found.count == golden.found.count, "\(golden.prompt) in frame \(golden.frame)")
        // In any order: among scores that are equal to six digits, the last bits decide which comes first.
        for expected in golden.found {
          let isThere = found.contains { one in
            let offset = one.box - SIMD4(expected.box[0], expected.box[1], expected.box[2], expected.box[3])
            return one.label == expected.label && one.category == expected.category
              && abs(one.score - expected.score) < 1e-6 && max(offset.max(), -offset.min()) < 0.05
          }
          #expect(isThere, "\(expected) in frame \(golden.frame)")
        }
      }
    }
  }
#endif
