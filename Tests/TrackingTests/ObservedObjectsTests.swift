import Geometry
import MediaModel
import TestSupport
import Testing
import Tracking

/// ``ObjectTracker/update(_:at:imageFromPrevious:)`` on scenes of which everything is known.
@Suite struct ObservedObjectsTests {
  private typealias Actor = ScriptedScene.Actor
  private let red: [Float] = [0.8, 0.1, 0.1, 0]
  private let blue: [Float] = [0.05, 0.05, 0.1, 0.8]

  @Test func aFieldOfObjectsKeepsItsIDs() {
    // Twelve cars on lanes 55 pixels apart, in both directions, jittering, missed at times, with false alarms between.
    let actors = (0..<12).map { index in
      Actor(centre: { frame in
        let speed: Float = (index % 2 == 0 ? 3 : -4) * (1 + Float(index) / 20)
        return SIMD2(640 + speed * Float(frame - 90), 60 + 55 * Float(index))
      })
    }
    for seed: UInt64 in 1...3 {
      var tracker = ObjectTracker()
      let scene = ScriptedScene(
        actors: actors, frames: 180, jitter: 2, missRate: 0.1, falseAlarms: 0.3, seed: seed)
      let outcome = scene.outcome(of: &tracker)
      #expect(outcome.switches == 0)
      #expect(outcome.precision > 0.99)
      // A tenth is missed by the detector.
      #expect(outcome.recall > 0.88)
      #expect(outcome.ids.min() == 1)
    }
  }

  @Test func crossingObjectsKeepTheirIDs() {
    // Two walk through one another; where they overlap, the detector sees the one in front only.
    for (speed, appearance) in [(Float(4), true), (4, false), (8, false)] {
      let meet: Float = 60
      let covered = Int(meet - 44 / (2 * speed))..<Int(meet + 44 / (2 * speed)) + 1
      var scene = ScriptedScene(
        actors: [
          Actor(size: [40, 90], centre: { [640 + speed * (Float($0) - meet), 360] }),
          Actor(size: [40, 90], centre: { [640 - speed * (Float($0) - meet), 364] }, hidden: covered),
        ], frames: 120)
      if appearance { (scene.actors[0].appearance, scene.actors[1].appearance) = (red, blue) }
      var tracker = ObjectTracker()
      let outcome = scene.outcome(of: &tracker)
      #expect(outcome.switches == 0, "at \(speed) pixels a frame")
      #expect(outcome.ids == [1, 2])
    }
  }

  @Test func anOccludedObjectComesBackUnderItsID() {
    // Hidden for a second while it goes on at 5 pixels a frame.
    let scene = ScriptedScene(
      actors: [Actor(centre: { [100 + 5 * Float($0), 300] }, hidden: 60..<90)], frames: 150)
    var tracker = ObjectTracker()
    var predicted = 0
    var furthest: Float = 0
    let outcome = scene.outcome { frame, observations in
      let objects = tracker.update(observations, at: ScriptedScene.nanos(frame))
      if scene.actors[0].hidden.contains(frame), let object = objects.first {
        predicted += 1
        #expect(object.sighting == .predicted && object.mask == nil)
        let truth: Float = 100 + 5 * Float(frame)
        furthest = max(furthest, abs((object.box.x + object.box.z) / 2 - truth))
      }
      return objects
    }
    #expect(outcome.ids == [1] && outcome.switches == 0)
    // Half a second is reported.
    #expect((14...16).contains(predicted))
    #expect(furthest < 20)
  }

  @Test func anObjectThatStoppedBehindSomethingIsKnownByItsColours() {
    // It turns round while it is hidden, for three seconds: nothing but its colours says that it is the same.
    let away = Actor(
      appearance: red, centre: { $0 < 60 ? [100 + 5 * Float($0), 300] : [400 - 2 * Float($0 - 60) / 2, 320] },
      hidden: 60..<150)
    let other = Actor(appearance: blue, centre: { $0 < 100 ? nil : [380, 500] })
    var tracker = ObjectTracker()
    let outcome = ScriptedScene(actors: [away, other], frames: 220).outcome(of: &tracker)
    #expect(outcome.switches == 0)
    #expect(outcome.ids == [1, 2])
    // Without colours nothing could say so, and ids are never used again.
    var colourless = ScriptedScene(actors: [away, other], frames: 220)
    for index in colourless.actors.indices { colourless.actors[index].appearance = [] }
    var blind = ObjectTracker()
    #expect(colourless.outcome(of: &blind).idsOfActor[0] == [1, 3])
  }

  @Test func anotherObjectAtTheSamePlaceIsNotTheOldOne() {
    let actors = [
      Actor(appearance: red, centre: { $0 < 60 ? [300, 300] : nil }),
      Actor(appearance: blue, centre: { $0 < 90 ? nil : [310, 300] }),
    ]
    var tracker = ObjectTracker()
    let outcome = ScriptedScene(actors: actors, frames: 150).outcome(of: &tracker)
    #expect(outcome.idsOfActor == [0: [1], 1: [2]])
  }

  @Test func aJumpOfTheCameraIsFollowed() {
    // The picture jumps by three sizes of an object, with no word of it.
    let actors = (0..<4).map { index in
      Actor(centre: { [300 + 170 * Float(index) + Float($0), 250 + 67 * Float(index % 3)] })
    }
    let scene = ScriptedScene(actors: actors, frames: 120, camera: { $0 < 60 ? .zero : [170, -60] })
    var tracker = ObjectTracker()
    #expect(scene.outcome(of: &tracker).switches == 0)
    #expect(tracker.idCount == 4)
  }

  @Test func theMotionOfTheCameraIsTakenIn() {
    // It pans by 35 pixels a frame for a second, back and forth, more than half of an object.
    let camera: (Int) -> SIMD2<Float> = { frame in
      let step = Float(35 * max(0, min(frame - 40, 30)) - 35 * max(0, min(frame - 80, 30)))
      return [step, step / 3]
    }
    let actors = (0..<5).map { index in
      Actor(centre: { [1200 + 140 * Float(index) + 2 * Float($0), 300 + 57 * Float(index % 3)] }, hidden: 50..<58)
    }
    let scene = ScriptedScene(actors: actors, frames: 130, camera: camera)
    var tracker = ObjectTracker()
    let outcome = scene.outcome { frame, observations in
      let move = frame == 0 ? .zero : camera(frame - 1) - camera(frame)
      let matrix = Matrix3(rows: [1, 0, Double(move.x)], [0, 1, Double(move.y)], [0, 0, 1])
      return tracker.update(observations, at: ScriptedScene.nanos(frame), imageFromPrevious: matrix)
    }
    #expect(outcome.switches == 0)
    #expect(outcome.ids == [1, 2, 3, 4, 5])
  }

  @Test func aTurningCameraTurnsWhereThingsGo() throws {
    // A homography turns the picture by 3 degrees and grows it by 1 % a frame about its centre; the object is hidden.
    let (c, s) = (1.01 * 0.998_629_5, 1.01 * 0.052_335_96)
    let centre = SIMD2<Double>(640, 360)
    let matrix = Matrix3(
      rows: [c, -s, centre.x - c * centre.x + s * centre.y], [s, c, centre.y - s * centre.x - c * centre.y], [0, 0, 1])
    var tracker = ObjectTracker()
    var place = SIMD3<Double>(840, 360, 1)
    var size: Float = 40
    var last: TrackedObject?
    for frame in 0..<30 {
      if frame > 0 {
        place = matrix * place
        size *= 1.01
      }
      let at = SIMD2<Float>(Float(place.x), Float(place.y))
      let box = SIMD4(lowHalf: at - size / 2, highHalf: at + size / 2)
      let seen = frame < 20 ? [ObjectObservation(box: box, label: "car", score: 0.9)] : []
      last =
        tracker.update(
          seen, at: ScriptedScene.nanos(frame), imageFromPrevious: frame > 0 ? matrix : nil
        ).first
      if frame == 29 {
        let offset = try #require(last).box - box
        #expect((offset * offset).sum().squareRoot() < 6)
      }
    }
    #expect(last?.sighting == .predicted)
  }
}
