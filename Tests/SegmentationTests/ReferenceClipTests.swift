#if OpenVINO
  import Foundation
  import Inference
  import MediaModel
  import OpenVINOBackend
  import Segmentation
  import TestSupport
  import Testing

  /// Clips with the tiny networks, against the reference implementation on the same frames.
  @Suite(.enabled(if: TestData.has("models/tiny/manifest.json"), "\(TestData.absent)"), .serialized)
  struct ReferenceClipTests {
    private let folder = TestData.url("models/tiny")?.path ?? ""

    private func array(_ name: String) throws -> NumPyArray {
      try NumPyArray(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).npy"))
    }

    private func networks(_ family: String) async throws -> SegmentationNetworks {
      let backend = try OpenVINOBackend(folder: folder, options: OpenVINOOptions(threads: 1))
      return try await SegmentationNetworks(family, from: backend)
    }

    @Test(arguments: ["sam2", "edgetam"]) func objectsComeAndGo(family: String) async throws {
      let clip = try GoldenClip("clip.\(family)")
      #expect(clip.frames.count == 64)
      try await clip.verify(networks(family))
    }

    @Test(
      .enabled(if: TestData.has("models/tiny/sam2/prompt_mask.xml"), "\(TestData.absent)"),
      arguments: ["sam2", "edgetam"])
    func masksShowObjects(family: String) async throws {
      let clip = try GoldenClip("masks.\(family)")
      #expect(clip.frames.count == 12)
      try await clip.verify(networks(family))
    }

    @Test(arguments: ["sam2", "edgetam"]) func twoObjectsInABox(family: String) async throws {
      var segmenter = VideoSegmenter(try await networks(family))
      let size = Resolution(width: 64, height: 64)
      let (frames, boxes) = (try array("\(family)/e2e.frames"), try array("\(family)/e2e.boxes").floats)
      let (masks, scores) = (try array("\(family)/e2e.masks").floats, try array("\(family)/e2e.object_score").floats)
      let prompts = (0..<2).map { object in
        let corner = 4 * object
        let box = SIMD4(boxes[corner], boxes[corner + 1], boxes[corner + 2], boxes[corner + 3])
        return (object: object + 1, prompt: SegmentationPrompt.box(box))
      }
      let area = 3 * 64 * 64
      for frame in 0..<10 {
        let pixels = Tensor(Array(frames.floats[frame * area..<(frame + 1) * area]), shape: [1, 3, 64, 64])
        let objects = try await segmenter.track(pixels, of: size, prompts: frame == 0 ? prompts : [])
        #expect(objects.map(\.id) == [1, 2])
        for (object, found) in objects.enumerated() {
          let place = 2 * frame + object
          let golden = LogitMask(width: 16, height: 16, logits: Array(masks[place * 256..<(place + 1) * 256]))
          let error = zip(found.mask.logits, golden.logits).map { abs($0 - $1) }.max() ?? .infinity
          #expect(error < 1e-3 && abs(found.objectScore - scores[place]) < 1e-3, "frame \(frame): \(error)")
          #expect(overlap(found.mask.binary(at: size), golden.binary(at: size)) >= 0.995)
        }
      }
    }
  }
#endif
