import MediaModel
import TestSupport
import Testing
import Tracking

/// ``ObjectTracker/follow(_:at:)`` and ``ObjectTracker/associate(_:at:)``.
@Suite struct FollowedMasksTests {
  private let size = Resolution(width: 320, height: 180)

  private func mask(_ box: SIMD4<Float>) -> RunLengthMask {
    let columns = max(0, Int(box.x))..<min(size.width, max(Int(box.z), 0))
    let rows = max(0, Int(box.y))..<min(size.height, max(Int(box.w), 0))
    return RunLengthMask(resolution: size, columns: columns, rows: rows) { _, _ in true }
  }

  private func followed(_ id: Int, _ box: SIMD4<Float>, isVisible: Bool = true, colours: [Float] = []) -> FollowedMask {
    FollowedMask(id: id, mask: isVisible ? mask(box) : nil, box: box, isVisible: isVisible, appearance: colours)
  }

  private func detection(
    _ box: SIMD4<Float>, _ label: String = "car", score: Float = 0.9, colours: [Float] = []
  ) -> ObjectObservation {
    ObjectObservation(box: box, label: label, score: score, appearance: colours)
  }

  private func nanos(_ frame: Int) -> Int64 { ScriptedScene.nanos(frame) }

  @Test func detectionsStartMatchAndEnd() {
    var tracker = ObjectTracker()
    let (a, b): (SIMD4<Float>, SIMD4<Float>) = ([10, 10, 60, 50], [100, 30, 160, 90])
    let first = tracker.associate([detection(a), detection(b, "person"), detection(a + 2, score: 0.6)], at: 0)
    #expect(first.started.map(\.id) == [1, 2] && first.started.map(\.detection) == [0, 1])
    #expect(first.ignored == [2] && first.matched.isEmpty && first.ended.isEmpty)
    for frame in 0..<10 {
      let objects = tracker.follow([followed(1, a), followed(2, b), followed(77, a)], at: nanos(frame))
      #expect(objects.map(\.id) == [1, 2] && objects.map(\.label) == ["car", "person"])
      #expect(objects.allSatisfy { $0.sighting == .measured && $0.mask != nil })
    }
    // One again, exactly; one with a box that has drifted away from its object; one new, one too weak to be.
    let second = tracker.associate(
      [
        detection([110, 40, 200, 100], "person"), detection(a), detection([200, 120, 240, 160]),
        detection([260, 20, 300, 60], score: 0.2),
      ], at: nanos(9))
    #expect(second.matched.map(\.id) == [1, 2] && second.matched.map(\.detection) == [1, 0])
    #expect(second.matched.map(\.needsPrompt) == [false, true])
    #expect(second.started.map(\.id) == [3] && second.ignored == [3])
    // Nobody detects the second any more, though its mask goes on: after some detections it is given up.
    var ended: [EndedTrack] = []
    for round in 1...10 where ended.isEmpty {
      _ = tracker.follow([followed(1, a), followed(2, b), followed(3, [200, 120, 240, 160])], at: nanos(10 * round))
      let result = tracker.associate([detection(a), detection([200, 120, 240, 160])], at: nanos(10 * round))
      ended = result.ended
      #expect(result.started.isEmpty)
      #expect(round >= 5 || ended.isEmpty)
    }
    #expect(ended == [EndedTrack(id: 2, reason: .unsupported)])
    #expect(tracker.follow([followed(1, a), followed(2, b)], at: nanos(101)).map(\.id).contains(2) == false)
  }

  @Test func oldDetectionsAreComparedWithTheirOwnFrame() {
    // Two cars drive one behind the other, 45 pixels apart, 3 pixels a frame; detections come 15 frames late, when the
    // one behind is where the one in front was.
    var tracker = ObjectTracker()
    func box(_ car: Int, _ frame: Int) -> SIMD4<Float> {
      let x = 20 + 45 * Float(car) + 3 * Float(frame)
      return [x, 40, x + 40, 70]
    }
    let start = tracker.associate([detection(box(0, 0)), detection(box(1, 0))], at: 0)
    #expect(start.started.count == 2)
    var ids: Set<Int> = []
    for frame in 0..<60 {
      ids.formUnion(
        tracker.follow([followed(1, box(0, frame)), followed(2, box(1, frame))], at: nanos(frame)).map(\.id))
      guard frame >= 15, frame % 5 == 0 else { continue }
      let late = tracker.associate(
        [detection(box(1, frame - 15)), detection(box(0, frame - 15))], at: nanos(frame - 15))
      #expect(late.matched.map(\.id) == [1, 2] && late.matched.map(\.detection) == [1, 0])
      #expect(late.matched.allSatisfy { $0.overlap > 0.99 && !$0.needsPrompt })
      #expect(late.started.isEmpty)
    }
    #expect(ids == [1, 2])
  }

  @Test func lateDetectionsSayNothingOfWhatCameAfter() {
    var options = TrackingOptions()
    options.missesToEnd = 2
    var tracker = ObjectTracker(options)
    _ = tracker.associate([detection([10, 10, 60, 50])], at: nanos(0))
    for frame in 0..<30 { _ = tracker.follow([followed(1, [10, 10, 60, 50])], at: nanos(frame)) }
    // An object of frame 20, then detections of frames before that, which cannot show it.
    _ = tracker.associate([detection([10, 10, 60, 50]), detection([200, 10, 250, 50])], at: nanos(20))
    for frame in 10..<18 {
      let result = tracker.associate([detection([10, 10, 60, 50])], at: nanos(frame))
      #expect(result.ended.isEmpty)
    }
    #expect(tracker.count == 2)
  }

  @Test func anObjectThatWasAwayIsPromptedAnew() {
    var tracker = ObjectTracker()
    _ = tracker.associate([detection([10, 40, 50, 80])], at: 0)
    var sightings: [TrackedObject.Sighting?] = []
    for frame in 0..<40 {
      let x = 10 + 3 * Float(frame)
      let isVisible = frame < 20
      let objects = tracker.follow([followed(1, [x, 40, x + 40, 80], isVisible: isVisible)], at: nanos(frame))
      sightings.append(objects.first?.sighting)
      if let object = objects.first, !isVisible { #expect(abs(object.box.x - x) < 12 && object.mask == nil) }
    }
    #expect(sightings[19] == .measured && sightings[25] == .predicted)
    // Half a second after it was last seen.
    #expect(sightings[36] == nil)
    let result = tracker.associate([detection([130, 40, 170, 80])], at: nanos(39))
    #expect(
      result.matched == [.init(id: 1, detection: 0, overlap: result.matched.first?.overlap ?? 0, needsPrompt: true)])
    #expect(result.started.isEmpty)
  }

  @Test func whatWasLostComesBackUnderItsIDByItsColours() {
    let (red, blue): ([Float], [Float]) = ([0.9, 0.1, 0], [0, 0.1, 0.9])
    var tracker = ObjectTracker()
    _ = tracker.associate([detection([10, 40, 50, 80], colours: red)], at: 0)
    for frame in 0..<100 {
      let isVisible = frame < 20
      _ = tracker.follow([followed(1, [10, 40, 50, 80], isVisible: isVisible, colours: red)], at: nanos(frame))
    }
    let gone = tracker.associate([], at: nanos(99))
    #expect(gone.ended == [EndedTrack(id: 1, reason: .lost)])
    let back = tracker.associate(
      [detection([90, 50, 130, 90], colours: red), detection([12, 40, 52, 80], colours: blue)], at: nanos(99))
    #expect(back.started.map(\.id) == [1, 2])
  }

  @Test func partsOfAnObjectStartNothing() {
    var tracker = ObjectTracker()
    _ = tracker.associate([detection([40, 20, 140, 160], "person")], at: 0)
    _ = tracker.follow([followed(1, [40, 20, 140, 160])], at: 0)
    let result = tracker.associate(
      [
        detection([40, 20, 140, 160], "person"), detection([50, 24, 110, 90], "person"),
        detection([60, 60, 90, 90], "red backpack"),
      ], at: 0)
    #expect(result.matched.map(\.detection) == [0])
    // Half a person is no person; a thing of another kind in front of one is.
    #expect(result.ignored == [1] && result.started.map(\.detection) == [2])
  }

  @Test func aDetectionIsGivenToTheObjectOfItsKind() {
    // A rider on a bicycle: the boxes overlap by more than half.
    var tracker = ObjectTracker()
    let (rider, bicycle): (SIMD4<Float>, SIMD4<Float>) = ([100, 30, 150, 120], [95, 60, 165, 130])
    _ = tracker.associate([detection(rider, "person"), detection(bicycle, "bicycle")], at: 0)
    _ = tracker.follow([followed(1, rider), followed(2, bicycle)], at: 0)
    // The rider's box has shrunk towards the bicycle's.
    let result = tracker.associate(
      [detection(bicycle + [0, -8, -6, -4], "bicycle"), detection(rider + [0, 12, 5, 6], "person")], at: 0)
    #expect(result.matched.map(\.id) == [1, 2] && result.matched.map(\.detection) == [1, 0])
  }

  @Test func labelsAreVotedOnByDetections() {
    var tracker = ObjectTracker()
    let box: SIMD4<Float> = [40, 20, 140, 160]
    var labels: [String] = []
    for (round, label) in ["dog", "cat", "cat", "dog", "cat", "cat"].enumerated() {
      let result = tracker.associate([detection(box, label, score: 0.8)], at: nanos(5 * round))
      #expect(result.started.count == (round == 0 ? 1 : 0))
      for frame in 5 * round..<5 * round + 5 {
        labels += tracker.follow([followed(1, box)], at: nanos(frame)).map(\.label)
      }
    }
    #expect(labels.first == "dog" && labels.last == "cat")
  }

  @Test func endedObjectsAreForgotten() {
    var tracker = ObjectTracker()
    _ = tracker.associate([detection([10, 10, 60, 50], colours: [1]), detection([100, 10, 150, 50])], at: 0)
    tracker.end([1])
    #expect(tracker.takeEnded() == [EndedTrack(id: 1, reason: .asked)])
    #expect(tracker.follow([followed(1, [10, 10, 60, 50]), followed(2, [100, 10, 150, 50])], at: 0).map(\.id) == [2])
    tracker.reset()
    #expect(tracker.count == 0)
    #expect(tracker.associate([detection([10, 10, 60, 50], colours: [1])], at: nanos(3)).started.map(\.id) == [3])
  }

  @Test func memoryIsBoundedOverTenThousandFrames() {
    var options = TrackingOptions()
    (options.historyFrames, options.historyRuns) = (64, 20_000)
    var tracker = ObjectTracker(options)
    var living: [Int: Int] = [:]
    var (mostObjects, mostRuns) = (0, 0)
    for frame in 0..<10_000 {
      func box(_ lane: Int) -> SIMD4<Float> {
        let x = Float((frame + 9 * lane) % 100) * 2.4
        return [x, 20 * Float(lane), x + 60, 20 * Float(lane) + 18]
      }
      if frame % 10 == 0 {
        let result = tracker.associate((0..<8).map { detection(box($0)) }, at: nanos(frame))
        for start in result.started { living[start.id] = start.detection }
        for end in result.ended { living[end.id] = nil }
      }
      // An object is out of the picture when its lane starts anew.
      let masks = living.sorted { $0.key < $1.key }.map { id, lane in
        followed(id, box(lane), isVisible: (frame + 9 * lane) % 100 < 95)
      }
      for (id, lane) in living where (frame + 9 * lane) % 100 == 99 {
        tracker.end([id])
        living[id] = nil
      }
      _ = tracker.follow(masks.filter { living[$0.id] != nil }, at: nanos(frame))
      mostObjects = max(mostObjects, tracker.storedCount)
      mostRuns = max(mostRuns, tracker.historyRunCount)
    }
    #expect(tracker.idCount > 700)
    #expect(mostObjects <= 40)
    // Of each object the latest mask stays, whatever the bound is.
    #expect(mostRuns <= 20_000 + 40 * 130)
  }
}
