#if OpenVINO
  import Detection
  import Foundation
  import GroundedTracking
  import MediaModel
  import OpenVINOBackend
  import Segmentation
  import TestSupport
  import Testing
  import Tracking

  /// Whole clips with the tiny networks, against the reference: Fixtures/README.md.
  @Suite(.enabled(if: TestData.has("models/tiny/manifest.json"), "\(TestData.absent)"), .serialized)
  struct ReferenceClipTests {
    private struct Frame: Decodable {
      struct Object: Decodable {
        var id: Int
        var label: String
        var score: Float
        var box: [Float]
        /// COCO's run lengths.
        var counts: String
      }

      var prompt: String?
      var reason: String?
      var started: [Int]
      var ended: [Int]
      var followed: [Int]
      var objects: [Object]
    }

    private func golden(_ name: String) throws -> [Frame] {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/\(name).jsonl")
      return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(Frame.self, from: Data($0.utf8))
      }
    }

    private func options(objects: Int) -> GroundedOptions {
      var options = GroundedOptions()
      (options.detectionInterval, options.minimalDetectionGap, options.sceneChange) = (9, 4, 24)
      options.tracking.heldNanos = 400_000_000
      // What is hidden is not reported.
      options.tracking.predictedNanos = -1
      options.tracking.duplicateNanos = .max
      (options.tracking.minimalOverlap, options.tracking.promptOverlap) = (0.2, 0.3)
      (options.tracking.missesToEnd, options.tracking.maximalTracks) = (2, objects)
      return options
    }

    private func overlap(_ one: RunLengthMask, _ other: RunLengthMask) -> Double {
      let pairs = zip(one.pixels(), other.pixels())
      return Double(pairs.count { $0 == 1 && $1 == 1 }) / Double(max(pairs.count { $0 == 1 || $1 == 1 }, 1))
    }

    private func verify(_ frame: Frame, _ outcome: GroundedTracker.Outcome, _ number: Int) throws {
      #expect(outcome.reason?.rawValue == frame.reason, "frame \(number)")
      #expect(outcome.started == frame.started, "frame \(number)")
      #expect(outcome.ended.map(\.id).filter { frame.ended.contains($0) }.sorted() == frame.ended, "frame \(number)")
      #expect(outcome.objects.map(\.id) == frame.objects.map(\.id), "frame \(number)")
      for (found, golden) in zip(outcome.objects, frame.objects) {
        let comment = "object \(golden.id) in frame \(number)"
        #expect(found.label == golden.label && abs(found.score - golden.score) < 1e-4, "\(comment)")
        let offset = found.box - SIMD4(golden.box[0], golden.box[1], golden.box[2], golden.box[3])
        #expect(max(offset.max(), -offset.min()) <= 0.5, "\(comment)")
        let mask = try #require(found.mask)
        let expected = try #require(RunLengthMask(resolution: mask.resolution, counts: golden.counts))
        // One pixel, where the network is as good as undecided, is more than a two-hundredth of a small mask.
        let others = zip(mask.pixels(), expected.pixels()).count { $0 != $1 }
        #expect(overlap(mask, expected) >= 0.995 || others <= 1, "\(comment)")
      }
    }

    @Test(arguments: ["sam2", "edgetam"]) func aClipIsAsTheReferenceSeesIt(family: String) async throws {
      let folder = TestData.url("models/tiny")?.path ?? ""
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      var decoder = GroundingDecoder()
      (decoder.boxThreshold, decoder.textThreshold, decoder.maximalOverlap) = (0.99999, 0.99, 0.5)
      let detector = try await GroundingDetector(
        "gdino", from: backend, tokenizer: TinyGrounding.tokenizer(), decoder: decoder)
      let networks = try await SegmentationNetworks(family, from: backend)
      let frames = try golden("clip.\(family)")
      #expect(frames.count == 64)
      let first = try #require(frames[0].prompt)
      var tracker = GroundedTracker(
        detector: detector, networks: networks, prompt: try detector.prompt(first),
        options: options(objects: family == "sam2" ? 2 : 3))
      for (number, frame) in frames.enumerated() {
        if number > 0, let prompt = frame.prompt { tracker.look(for: try detector.prompt(prompt)) }
        let picture = TinyGrounding.picture(number)
        let image =
          number < 48
          ? picture : RGBImage(width: picture.width, height: picture.height, pixels: picture.pixels.map { 255 - $0 })
        let outcome = try await tracker.track(image, at: Int64(number) * 40_000_000)
        try verify(frame, outcome, number)
        #expect(tracker.followed == frame.followed, "frame \(number)")
      }
      // The clip is no empty one.
      #expect(frames.reduce(0) { $0 + $1.objects.count } > 100)
      #expect(frames.contains { !$0.ended.isEmpty } && frames.count { !$0.started.isEmpty } > 2)
    }
  }
#endif
