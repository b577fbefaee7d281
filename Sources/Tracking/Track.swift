import Geometry
import MediaModel

/// An object, from its first observation to its end.
struct Track: Sendable {
  /// How much the latest observation counts in what is averaged over time.
  private static let renewal: Float = 0.1

  /// 0 until it is confirmed.
  var id = 0
  var filter: BoxFilter
  /// As it was last seen.
  private(set) var box: SIMD4<Float>
  private(set) var mask: RunLengthMask?
  private(set) var appearance: [Float]
  private(set) var votes = LabelVotes()
  private(set) var score: Float
  /// How it is known in the current frame.
  var sighting = TrackedObject.Sighting.measured
  private(set) var seenNanos: Int64
  /// When it was first seen, or came back.
  var bornNanos: Int64
  /// Observations, or detections where masks are followed.
  private(set) var hits = 1
  /// Frames, or detections where masks are followed, that did not show it, in a row.
  private(set) var misses = 0
  /// Older objects that it may turn out to be: those near it, and those out of sight, when it was first seen.
  var rivals: [Int] = []
  /// The older object that it has lain on, and since when.
  var shadow: (id: Int, sinceNanos: Int64)?
  var history = TrackHistory()

  init(_ observation: ObjectObservation, at nanos: Int64, jitter: Float) {
    filter = BoxFilter(observation.box, jitter: jitter)
    box = observation.box
    mask = observation.mask
    appearance = observation.appearance
    score = observation.score
    seenNanos = nanos
    bornNanos = nanos
    votes.add(observation.label, score: observation.score)
  }

  var isConfirmed: Bool { id > 0 }
  var isSeen: Bool { sighting != .predicted }

  /// Goes on to a frame in which nothing of it is known yet.
  mutating func advance(seconds: Float, imageFromPrevious: Matrix3?) {
    if let imageFromPrevious { filter.move(by: imageFromPrevious) }
    filter.advance(seconds: seconds, isSeen: isSeen)
    sighting = .predicted
  }

  mutating func miss() { misses += 1 }

  /// - Parameter isReturn: whether it was away, so that its motion is not known any more.
  mutating func see(_ observation: ObjectObservation, at nanos: Int64, isReturn: Bool = false) {
    if isReturn { filter.jump(to: observation.box) } else { filter.correct(with: observation.box) }
    (box, mask, sighting, seenNanos) = (observation.box, observation.mask, .measured, nanos)
    support(by: observation)
  }

  /// Something detected it, now or in an earlier frame.
  mutating func support(by observation: ObjectObservation) {
    hits += 1
    misses = 0
    score += (observation.score - score) * Self.renewal * 3
    votes.add(observation.label, score: observation.score)
    renew(observation.appearance)
  }

  mutating func see(_ followed: FollowedMask, at nanos: Int64) {
    let known = followed.mask?.bounds ?? followed.box
    filter.correct(with: known)
    (box, mask, sighting, seenNanos) = (known, followed.mask, followed.sighting, nanos)
    renew(followed.appearance)
  }

  /// Takes over what a younger track saw, which turned out to be of this object.
  mutating func takeOver(_ other: Track) {
    if other.seenNanos >= seenNanos {
      (filter, box, mask, sighting, seenNanos) = (other.filter, other.box, other.mask, other.sighting, other.seenNanos)
      misses = other.misses
    }
    hits += other.hits
    votes.merge(other.votes)
    renew(other.appearance)
  }

  private mutating func renew(_ other: [Float]) {
    guard !other.isEmpty else { return }
    guard appearance.count == other.count else {
      appearance = other
      return
    }
    for index in appearance.indices { appearance[index] += (other[index] - appearance[index]) * Self.renewal }
  }

  func object() -> TrackedObject {
    TrackedObject(
      id: id, label: votes.label, score: score, box: isSeen ? box : filter.box, mask: isSeen ? mask : nil,
      sighting: sighting)
  }
}
