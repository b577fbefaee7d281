#if OpenVINO
  import DetectionBenchmark
  import Foundation
  import MediaModel
  import TestSupport
  import Testing

  @Suite(.enabled(if: TestData.has("models/tiny/manifest.json"), "\(TestData.absent)"), .serialized)
  struct GroundedBenchmarkTests {
    private let folder = TestData.url("models/tiny")?.path ?? ""

    @Test(arguments: ["sam2", "edgetam"]) func stagesAddUpToTheWhole(segmenter: String) async throws {
      var options = GroundedBenchmark.Options(folder: folder, detector: "gdino", segmenter: segmenter)
      (options.leadFrames, options.frames, options.objects, options.interval) = (3, 6, 2, 3)
      options.threads = 1
      let clip = try TrackingClip(flightSeed: 1, count: 4, resolution: Resolution(width: 320, height: 180))
      var (begun, frames): ([Int], [FrameTimes]) = ([], [])
      let report = try await GroundedBenchmark(options).run(on: clip, before: { begun.append($0) }) {
        frames.append($0)
      }
      #expect(begun == Array(0..<9))
      #expect(frames.map(\.number) == Array(0..<9))
      frames.removeFirst(3)
      #expect(frames.map(\.isSearched) == [true, false, false, true, false, false])
      #expect(frames.allSatisfy { $0.followed == 2 })
      for frame in frames {
        #expect(abs(frame.stageMillis.values.reduce(0, +) - frame.wholeMillis) < 0.01 * frame.wholeMillis)
        #expect(frame.networkMillis > 0 && frame.networkMillis < frame.wholeMillis)
        let stages = FrameTimes.Stage.allCases.filter { frame.stageMillis[$0.rawValue] != nil }
        #expect(stages.contains(.detect) == frame.isSearched && stages.contains(.boxes) == frame.isSearched)
        #expect(!stages.contains(.text) && stages.contains(.attend) && stages.contains(.memory))
      }
      #expect(report.textMillis > 0 && report.tracked.frames == 4 && report.searched.frames == 2)
      let table = GroundedBenchmark.table(report)
      #expect(table.contains("| encode_image |") && table.contains("| beside them, % |"))
    }

    @Test func objectsComeAndGoForEver() async throws {
      let soak = try await TrackingSoak(folder: folder, detector: "gdino", segmenter: "edgetam", threads: 1)
      var seen = 0
      let report = try await soak.run(frames: 400, step: 100) { _ in seen += 1 }
      #expect(report.points.map(\.frame) == [100, 200, 300, 400] && seen == 4)
      let last = try #require(report.points.last)
      #expect(last.started > 10 && last.ended > 10 && last.followed <= 4)
      #expect(report.points.allSatisfy { $0.residentBytes > 0 })
      #expect(TrackingSoak.table(report).contains("| 400 |"))
    }
  }
#endif
