import Detection
import GroundedTracking
import Inference
import MediaModel
import Testing
import Tracking

@Suite struct GroundedFinderTests {
  private let backend = FakeModels()
  private let scene = MovingScene(width: 160, height: 120, squares: [])

  private func finder() async throws -> GroundedFinder {
    let models = try await GroundedModels(
      detector: "gdino", segmenter: "edgetam", from: backend, tokenizer: TinyGrounding.tokenizer(), now: { 0 })
    return try GroundedFinder(models, prompt: "car. dog.")
  }

  private func find(_ finder: GroundedFinder, _ number: Int, isLive: Bool) async throws -> [TrackedObject] {
    try await finder.find(
      in: scene.picture(0), number: number, at: Int64(number) * 40_000_000, isLive: isLive)
  }

  @Test func fromAFileEveryFrameIsDone() async throws {
    let finder = try await finder()
    for number in 1...3 {
      let objects = try await find(finder, number, isLive: false)
      #expect(objects.map(\.id) == [1] && objects.map(\.sighting) == [.measured] && objects.map(\.label) == ["car"])
    }
    #expect(backend.runs.count { $0 == "gd_detect" } == 1 && backend.runs.count { $0 == "encode_image" } == 3)
    let report = await finder.report()
    #expect(report.detectionCount == 1 && report.startedCount == 1)
    #expect(report.model == "gdino 32×32, edgetam 32")
    #expect(Set(report.stages.map(\.stage)) == ["text", "detect", "encode", "decode", "memory", "attend"])
  }

  @Test func aFailedFrameOfAFileIsAsIfItHadNotBeen() async throws {
    let finder = try await finder()
    _ = try await find(finder, 1, isLive: false)
    backend.breaks("attend_memory")
    await #expect(throws: InferenceError.self) { try await find(finder, 2, isLive: false) }
    backend.breaks(nil)
    #expect(try await find(finder, 3, isLive: false).map(\.id) == [1])
  }

  @Test func aLiveFrameDoesNotWaitForNetworks() async throws {
    let finder = try await finder()
    backend.hold()
    for number in 1...5 { #expect(try await find(finder, number, isLive: true).isEmpty) }
    backend.letGo()
    // Each look at the finder lets its tasks go on.
    var (number, objects): (Int, [TrackedObject]) = (5, [])
    while objects.first?.mask == nil, number < 100_000 {
      number += 1
      objects = try await find(finder, number, isLive: true)
      await Task.yield()
    }
    #expect(objects.map(\.id) == [1] && objects.map(\.sighting) == [.carried])
    await finder.finish()
  }

  @Test func anotherVideoHasOtherIds() async throws {
    let finder = try await finder()
    #expect(try await find(finder, 10, isLive: false).map(\.id) == [1])
    // Back in time.
    #expect(try await find(finder, 2, isLive: false).map(\.id) == [2])
    let larger = MovingScene(width: 200, height: 120, squares: []).picture(0)
    #expect(try await finder.find(in: larger, number: 3, at: 120_000_000, isLive: false).map(\.id) == [3])
  }

  @Test func aNewPromptEndsWhatItDoesNotName() async throws {
    let finder = try await finder()
    #expect(try await find(finder, 1, isLive: false).map(\.id) == [1])
    await #expect(throws: GroundingPrompt.Problem.namesNothing) { try await finder.setPrompt("") }
    #expect(try await find(finder, 2, isLive: false).map(\.id) == [1])
    try await finder.setPrompt("person.")
    let objects = try await find(finder, 3, isLive: false)
    #expect(objects.map(\.id) == [2] && objects.map(\.label) == ["person"])
  }
}
