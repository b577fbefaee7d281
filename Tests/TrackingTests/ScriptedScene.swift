import MediaModel
import TestSupport
import Tracking

/// Objects whose true boxes are known in each frame, what a detector would say of them, and how well a tracker did.
struct ScriptedScene {
  struct Actor {
    var label = "car"
    var size = SIMD2<Float>(60, 40)
    var appearance: [Float] = []
    /// Centre by frame; `nil` while it is not in the scene.
    var centre: (Int) -> SIMD2<Float>?
    /// Frames in which the detector cannot see it, although it is there.
    var hidden: Range<Int> = 0..<0
    var score: (Int) -> Float = { _ in 0.9 }
  }

  /// What a tracker did.
  struct Outcome {
    var switches = 0
    /// Reported boxes, not those that are only predicted, on an object.
    var hits = 0
    var falseAlarms = 0
    /// Objects in sight that were not reported, after their first ten frames.
    var misses = 0
    /// Every id that was reported.
    var ids: Set<Int> = []
    /// The ids of each actor, in the order of their appearance.
    var idsOfActor: [Int: [Int]] = [:]
    /// The label of each actor in the last frame in which it was reported.
    var labels: [Int: String] = [:]

    var precision: Double { Double(hits) / Double(max(hits + falseAlarms, 1)) }
    var recall: Double { Double(hits) / Double(max(hits + misses, 1)) }
  }

  var actors: [Actor]
  var frames: Int
  /// Deviation of the detector's edges, pixels.
  var jitter: Float = 1
  var missRate = 0.0
  /// Wrong boxes in a frame.
  var falseAlarms = 0.0
  var seed: UInt64 = 1
  /// Where the camera has moved by a frame: what is subtracted of every place.
  var camera: (Int) -> SIMD2<Float> = { _ in .zero }

  static func nanos(_ frame: Int) -> Int64 { Int64(frame) * 33_333_333 }

  func truth(_ frame: Int) -> [(actor: Int, box: SIMD4<Float>)] {
    actors.enumerated().compactMap { index, actor in
      guard let place = actor.centre(frame) else { return nil }
      let centre = place - camera(frame)
      return (index, SIMD4(lowHalf: centre - actor.size / 2, highHalf: centre + actor.size / 2))
    }
  }

  func observations(_ frame: Int, _ random: inout SeededGenerator) -> [ObjectObservation] {
    var result: [ObjectObservation] = []
    for (index, box) in truth(frame) {
      let actor = actors[index]
      guard !actor.hidden.contains(frame), Double.random(in: 0..<1, using: &random) >= missRate else { continue }
      result.append(
        ObjectObservation(
          box: box + noise(&random), label: actor.label, score: actor.score(frame), appearance: actor.appearance))
    }
    if Double.random(in: 0..<1, using: &random) < falseAlarms {
      let corner = SIMD2(Float.random(in: 0..<1200, using: &random), Float.random(in: 0..<680, using: &random))
      result.append(
        ObjectObservation(box: SIMD4(lowHalf: corner, highHalf: corner + [50, 40]), label: "car", score: 0.6))
    }
    return result.shuffled(using: &random)
  }

  private func noise(_ random: inout SeededGenerator) -> SIMD4<Float> {
    // The sum of three uniform numbers, of deviation 1.
    func normal() -> Float { (0..<3).reduce(0) { sum, _ in sum + Float.random(in: -1...1, using: &random) } }
    return SIMD4(normal(), normal(), normal(), normal()) * jitter
  }

  /// Lets a tracker see every frame.
  func outcome(
    of step: (_ frame: Int, _ observations: [ObjectObservation]) -> [TrackedObject]
  ) -> Outcome {
    var random = SeededGenerator(seed: seed)
    var outcome = Outcome()
    for frame in 0..<frames {
      judge(step(frame, observations(frame, &random)), frame, &outcome)
    }
    return outcome
  }

  func outcome(of tracker: inout ObjectTracker) -> Outcome {
    outcome { frame, observations in tracker.update(observations, at: Self.nanos(frame)) }
  }

  private func judge(_ objects: [TrackedObject], _ frame: Int, _ outcome: inout Outcome) {
    var free = objects.filter { $0.sighting != .predicted }
    for (index, box) in truth(frame) {
      let last = outcome.idsOfActor[index]?.last
      // Whoever had it keeps it, as the CLEAR measures do.
      let best = free.indices.filter { overlap(free[$0].box, box) >= 0.5 }
        .max {
          (free[$0].id == last ? 2 : overlap(free[$0].box, box))
            < (free[$1].id == last ? 2 : overlap(free[$1].box, box))
        }
      guard let best else {
        let isOld = frame >= 10 && actors[index].centre(frame - 10) != nil
        if isOld, !actors[index].hidden.contains(frame) { outcome.misses += 1 }
        continue
      }
      let object = free.remove(at: best)
      outcome.hits += 1
      outcome.ids.insert(object.id)
      outcome.labels[index] = object.label
      if let last, last != object.id { outcome.switches += 1 }
      if last != object.id { outcome.idsOfActor[index, default: []].append(object.id) }
    }
    outcome.falseAlarms += free.count
    for object in free { outcome.ids.insert(object.id) }
  }

  private func overlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let sides = pointwiseMin(a.highHalf, b.highHalf) - pointwiseMax(a.lowHalf, b.lowHalf)
    guard sides.x > 0, sides.y > 0 else { return 0 }
    let common = sides.x * sides.y
    return common / ((a.z - a.x) * (a.w - a.y) + (b.z - b.x) * (b.w - b.y) - common)
  }
}
