import MediaModel
import TestSupport
import Testing
import Tracking

/// Births, labels, duplicates, bounds of ``ObjectTracker/update(_:at:imageFromPrevious:)``.
@Suite struct LifeOfObjectsTests {
  private typealias Actor = ScriptedScene.Actor

  private func observation(
    _ x: Float, _ y: Float, _ side: Float = 50, label: String = "car", score: Float = 0.9
  ) -> ObjectObservation {
    ObjectObservation(box: [x, y, x + side, y + side], label: label, score: score)
  }

  @Test func anObjectIsReportedFromItsThirdFrame() {
    var tracker = ObjectTracker()
    #expect(tracker.update([observation(10, 10)], at: 0).isEmpty)
    #expect(tracker.update([observation(11, 10)], at: 33_000_000).isEmpty)
    let objects = tracker.update([observation(12, 10)], at: 66_000_000)
    #expect(objects.map(\.id) == [1] && objects.first?.sighting == .measured)
    #expect(objects.first?.box == [12, 10, 62, 60])
    // What blinks is nothing, and takes no id.
    _ = tracker.update([observation(12, 10), observation(500, 500)], at: 99_000_000)
    for frame: Int64 in 4...6 { _ = tracker.update([observation(12, 10)], at: frame * 33_000_000) }
    #expect(tracker.idCount == 1 && tracker.count == 1)
  }

  @Test func whatIsCertainIsReportedAtOnce() {
    var options = TrackingOptions()
    options.certainScore = 0.8
    var tracker = ObjectTracker(options)
    #expect(tracker.update([observation(10, 10), observation(90, 10, score: 0.7)], at: 0).map(\.id) == [1])
  }

  @Test func weakObservationsKeepObjectsButStartNone() {
    var tracker = ObjectTracker()
    for frame: Int64 in 0..<100 {
      let score: Float = frame < 5 ? 0.8 : 0.2
      let objects = tracker.update(
        [observation(Float(3 * frame), 50, score: score), observation(400, 400, score: 0.3)], at: frame * 33_000_000)
      if frame >= 2 { #expect(objects.map(\.id) == [1] && objects.first?.sighting == .measured) }
    }
  }

  @Test func birthsBesideOldObjectsTakeNothingFromThem() {
    // A door opens: one comes out right beside each of the standing ones, overlapping by a third.
    var actors = (0..<4).map { index in Actor(size: [50, 100], centre: { _ in [150 + 250 * Float(index), 300] }) }
    for index in 0..<4 {
      actors.append(
        Actor(size: [50, 100], centre: { $0 < 40 + 7 * index ? nil : [180 + 250 * Float(index), 310] }))
    }
    var tracker = ObjectTracker()
    let outcome = ScriptedScene(actors: actors, frames: 150, jitter: 1.5, missRate: 0.1).outcome(of: &tracker)
    #expect(outcome.switches == 0)
    #expect(outcome.ids == Set(1...8))
    #expect((0..<4).allSatisfy { outcome.idsOfActor[$0]?.first ?? 9 <= 4 })
  }

  @Test func labelsAreVotedOn() {
    // Every third time a truck is taken for a bus, at first more often than not, and once for a boat.
    var tracker = ObjectTracker()
    var labels: [String] = []
    for frame in 0..<90 {
      let label = frame == 40 ? "boat" : frame < 4 || frame % 3 == 0 ? "bus" : "truck"
      let objects = tracker.update(
        [observation(Float(2 * frame), 80, label: label, score: label == "boat" ? 0.99 : 0.7)],
        at: ScriptedScene.nanos(frame))
      labels += objects.map(\.label)
      #expect(objects.allSatisfy { $0.id == 1 })
    }
    #expect(labels.first == "bus" && labels.last == "truck")
    #expect(zip(labels, labels.dropFirst()).count { $0 != $1 } == 1)
  }

  @Test func twoNamesOfOneThingBecomeOne() {
    // The detector loses sight of it, finds a half of it that becomes an object of its own, then the whole again.
    var options = TrackingOptions()
    options.hitsToConfirm = 2
    var tracker = ObjectTracker(options)
    var ids: [[Int]] = []
    for frame in 0..<80 {
      let whole = observation(100, 100, 80)
      let seen: [ObjectObservation]
      switch frame {
      case 20..<24: seen = [observation(104, 104, 40)]
      case 24...: seen = [whole, observation(106, 104, 76)]
      default: seen = [whole]
      }
      ids.append(tracker.update(seen, at: ScriptedScene.nanos(frame)).filter { $0.sighting != .predicted }.map(\.id))
    }
    #expect(ids.last == [1])
    let ends = tracker.takeEnded()
    #expect(ends.allSatisfy { $0.id > 1 })
  }

  @Test func anObjectThatIsHiddenBehindAnotherIsNotMergedWithIt() {
    // They were seen apart, so they are two, although one covers the other for more than a second.
    var options = TrackingOptions()
    options.heldNanos = 3_000_000_000
    let actors = [
      Actor(size: [80, 80], centre: { [300 + 4 * Float(min($0, 40)), 300] }),
      Actor(size: [70, 70], centre: { [460 + (($0 < 100) ? 0 : 4 * Float($0 - 100)), 300] }, hidden: 32..<115),
    ]
    var tracker = ObjectTracker(options)
    let outcome = ScriptedScene(actors: actors, frames: 180).outcome(of: &tracker)
    #expect(outcome.switches == 0 && outcome.ids == [1, 2])
  }

  @Test func thereIsRoomForSoManyObjects() {
    var options = TrackingOptions()
    (options.maximalTracks, options.maximalObservations) = (8, 12)
    var tracker = ObjectTracker(options)
    let crowd = (0..<30).map { observation(Float($0) * 60, 20, score: 0.5 + Float($0) / 100) }
    for frame in 0..<5 { _ = tracker.update(crowd, at: ScriptedScene.nanos(frame)) }
    // The best eight, whose ids no others took.
    let objects = tracker.update(crowd, at: ScriptedScene.nanos(5))
    #expect(objects.map(\.id) == Array(1...8) && objects.allSatisfy { $0.box.x >= 22 * 60 })
    // One that is hidden makes room for another.
    _ = tracker.update(Array(crowd.dropLast()), at: ScriptedScene.nanos(6))
    for frame in 7..<12 { _ = tracker.update(Array(crowd.dropLast()), at: ScriptedScene.nanos(frame)) }
    #expect(tracker.count == 8)
    let ends = tracker.takeEnded()
    #expect(ends.map(\.reason) == [.crowdedOut] && (1...8).contains(ends.first?.id ?? 0))
  }

  @Test func boxesThatAreNoneAreNotLookedAt() {
    var tracker = ObjectTracker()
    let broken: [SIMD4<Float>] = [[10, 10, 10, 50], [50, 50, 10, 10], [.nan, 0, 5, 5], [0, 0, .infinity, 9]]
    for frame in 0..<5 {
      let objects = tracker.update(
        broken.map { ObjectObservation(box: $0, label: "x", score: 0.9) }, at: ScriptedScene.nanos(frame))
      #expect(objects.isEmpty)
    }
    #expect(tracker.count == 0)
  }

  @Test func theSameAgainGivesTheSame() {
    func run() -> [[TrackedObject]] {
      let actors = (0..<20).map { index in
        Actor(centre: { [50 + Float((17 * index * ($0 + 40)) % 1200), 30 + 30 * Float(index)] })
      }
      let scene = ScriptedScene(actors: actors, frames: 80, jitter: 3, missRate: 0.2, falseAlarms: 1)
      var tracker = ObjectTracker()
      var random = SeededGenerator(seed: 4)
      return (0..<80).map { tracker.update(scene.observations($0, &random), at: ScriptedScene.nanos($0)) }
    }
    #expect(run() == run())
  }

  @Test func memoryIsBoundedOverTenThousandFrames() {
    // Objects that come and go for ever, thousands of them, each of its own colour.
    var tracker = ObjectTracker()
    var (most, random) = (0, SeededGenerator(seed: 2))
    for frame in 0..<10_000 {
      let observations = (0..<12).compactMap { lane -> ObjectObservation? in
        let phase = (frame + 13 * lane) % 60, life = (frame + 13 * lane) / 60
        guard phase < 45 else { return nil }
        var colours = [Float](repeating: 0.01, count: 16)
        colours[(life * 7 + lane) % 16] = 0.85
        return ObjectObservation(
          box: [20 * Float(phase), 60 * Float(lane), 20 * Float(phase) + 60, 60 * Float(lane) + 45], label: "car",
          score: Float.random(in: 0.5..<1, using: &random), appearance: colours)
      }
      _ = tracker.update(observations, at: ScriptedScene.nanos(frame))
      most = max(most, tracker.storedCount)
      if frame % 100 == 0 { _ = tracker.takeEnded() }
    }
    #expect(tracker.idCount > 1900)
    #expect(most < 150)
  }
}
