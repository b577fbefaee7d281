import Foundation
import Inference
import MediaModel
import Segmentation
import Testing

/// A clip in which objects come, are shown anew, and go, with what the reference implementation sees: Fixtures/README.md.
struct GoldenClip {
  static let picture = Resolution(width: 48, height: 27)

  /// What happens in a frame, and what the reference sees in it.
  struct Frame: Decodable {
    struct Prompt: Decodable {
      var id: Int
      var box: [Float]?
      /// x, y, and 1 inside or 0 outside.
      var points: [[Float]]?
      /// Left, top, right and bottom of what is set.
      var mask: [Int]?

      var prompt: SegmentationPrompt {
        if let mask {
          return .mask(
            RunLengthMask(resolution: picture, columns: mask[0]..<mask[2], rows: mask[1]..<mask[3]) { _, _ in true })
        }
        return .points(
          (points ?? []).map { .init(SIMD2($0[0], $0[1]), isInside: $0[2] == 1) },
          box: box.map { SIMD4($0[0], $0[1], $0[2], $0[3]) })
      }
    }

    struct Object: Decodable {
      var id: Int
      var score: Float
      /// Of the logits.
      var mean: Float
      /// COCO's run lengths.
      var counts: String
    }

    var removed: [Int]
    var prompts: [Prompt]
    var objects: [Object]
  }

  let frames: [Frame]

  init(_ name: String) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(name).jsonl")
    frames = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSONDecoder().decode(Frame.self, from: Data($0.utf8))
    }
  }

  /// Runs the clip and holds every object of every frame to the reference.
  func verify(_ networks: SegmentationNetworks) async throws {
    var segmenter = VideoSegmenter(networks)
    for (index, frame) in frames.enumerated() {
      for object in frame.removed { segmenter.remove(object) }
      let found = try await segmenter.track(
        SeededClip.pixels(index), of: Self.picture, prompts: frame.prompts.map { ($0.id, $0.prompt) })
      #expect(found.map(\.id) == frame.objects.map(\.id), "frame \(index)")
      #expect(segmenter.objects == frame.objects.map(\.id))
      let masks = LogitMask.nonOverlapping(found.map(\.mask), at: Self.picture)
      for (place, golden) in frame.objects.enumerated() {
        let (object, comment) = (found[place], "object \(golden.id) in frame \(index)")
        let mean = object.mask.logits.reduce(0, +) / Float(object.mask.logits.count)
        // Networks equal to 1e-5 feed one another for up to 64 frames.
        #expect(abs(object.objectScore - golden.score) < 1e-3, "\(comment)")
        #expect(abs(mean - golden.mean) < 1e-3, "\(comment)")
        let mask = try #require(RunLengthMask(resolution: Self.picture, counts: golden.counts))
        // One pixel, where the network is as good as undecided, is more than a two-hundredth of a small mask.
        let others = zip(masks[place].pixels(), mask.pixels()).count { $0 != $1 }
        #expect(overlap(masks[place], mask) >= 0.995 || others <= 1, "\(comment)")
        #expect(object.isVisible || masks[place].area == 0)
        #expect(object.isPrompted == frame.prompts.contains { $0.id == golden.id })
      }
    }
  }
}

/// Intersection over union; 1 when both are empty.
func overlap(_ one: RunLengthMask, _ other: RunLengthMask) -> Double {
  let pairs = zip(one.pixels(), other.pixels())
  let (both, either) = (pairs.count { $0 == 1 && $1 == 1 }, pairs.count { $0 == 1 || $1 == 1 })
  return either == 0 ? 1 : Double(both) / Double(either)
}

/// Frames that the script that makes the goldens draws too.
enum SeededClip {
  static let side = 64

  /// 32 bits that look random, from four numbers.
  private static func mixed(_ x: Int, _ y: Int, _ channel: Int, _ frame: Int) -> Int {
    var value = (x &* 73_856_093) ^ (y &* 19_349_663) ^ (channel &* 83_492_791) ^ (frame &* 2_654_435_761)
    value &= 0xffff_ffff
    value ^= value >> 13
    value = value &* 0x5bd1_e995 & 0xffff_ffff
    return value ^ value >> 15
  }

  /// A still texture in blocks, noise, and a bright square that goes to and fro; multiples of 1/64, so exact.
  static func pixels(_ frame: Int) -> Tensor {
    let left = frame % 80 < 40 ? frame % 40 : 40 - frame % 40
    var values: [Float] = []
    for channel in 0..<3 {
      for y in 0..<side {
        for x in 0..<side {
          let texture = mixed(x / 4, y / 4, channel, 0) % 192 - 96
          let noise = mixed(x, y, channel, frame + 1) % 48 - 24
          let isInSquare = (left..<left + 20).contains(x) && (12..<34).contains(y)
          values.append(Float(texture + noise + (isInSquare ? 64 * (channel + 1) / 2 : 0)) / 64)
        }
      }
    }
    return Tensor(values, shape: [1, 3, side, side])
  }
}
