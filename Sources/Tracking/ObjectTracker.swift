public import Geometry
public import MediaModel

/// Keeps the identity of objects over the frames of a stream. It sees boxes, masks, labels and colours, no pixels.
///
/// One tracker is used in one of two ways:
/// - ``update(_:at:imageFromPrevious:)``, once a frame, where every frame has observations of its own;
/// - ``follow(_:at:)``, once a frame, and ``associate(_:at:)``, whenever detections are there, where something else, such
///   as SAM 2, follows the pixels of each object. The tracker then decides which objects there are.
///
/// Ids start at 1 and are never used again. Times are of the frames, nanoseconds of any one clock, and do not go back.
public struct ObjectTracker: Sendable {
  public let options: TrackingOptions
  private var tracks: [Track] = []
  private var lastID = 0

  private struct Track {
    var id: Int
    var label: String
    var score: Float
    var box: SIMD4<Float>
    var mask: RunLengthMask?
    var sighting = TrackedObject.Sighting.measured
    var hits = 1
    var seenNanos: Int64
  }

  public init(_ options: TrackingOptions = TrackingOptions()) { self.options = options }

  /// Associates the observations of a frame with the objects of the frames before.
  ///
  /// - Parameters:
  ///   - observations: of this frame, in any order.
  ///   - nanos: when the frame was taken.
  ///   - imageFromPrevious: takes pixels of the previous frame to this one, by the motion of the camera; `nil` is none.
  /// - Returns: the confirmed objects, measured or predicted, in the order of ids.
  public mutating func update(
    _ observations: [ObjectObservation], at nanos: Int64, imageFromPrevious: Matrix3? = nil
  ) -> [TrackedObject] {
    for index in tracks.indices { tracks[index].sighting = .predicted }
    let association = associate(observations, at: nanos)
    for match in association.matched {
      guard let index = tracks.firstIndex(where: { $0.id == match.id }) else { continue }
      tracks[index].box = observations[match.detection].box
      tracks[index].mask = observations[match.detection].mask
      tracks[index].sighting = .measured
      tracks[index].seenNanos = nanos
    }
    return objects(confirmedBy: options.hitsToConfirm, at: nanos)
  }

  /// Takes what the follower says of a frame.
  ///
  /// - Parameters:
  ///   - masks: one for each object that the follower follows. Ids that the tracker has ended are not looked at.
  ///   - nanos: when the frame was taken.
  /// - Returns: the confirmed objects that are in sight, in the order of ids.
  public mutating func follow(_ masks: [FollowedMask], at nanos: Int64) -> [TrackedObject] {
    for index in tracks.indices { tracks[index].sighting = .predicted }
    for mask in masks where mask.isVisible {
      guard let index = tracks.firstIndex(where: { $0.id == mask.id }) else { continue }
      tracks[index].box = mask.box
      tracks[index].mask = mask.mask
      tracks[index].sighting = mask.sighting
      tracks[index].seenNanos = nanos
    }
    return objects(confirmedBy: options.detectionsToConfirm, at: nanos)
  }

  /// Decides what detections mean for the objects that are followed: which start, which end, which need a new prompt.
  ///
  /// Objects that start are not in sight until ``follow(_:at:)`` names them: whoever has older detections carries
  /// them to now first.
  ///
  /// - Parameters:
  ///   - detections: of one frame, in any order.
  ///   - nanos: when that frame was taken; it may lie before the latest ``follow(_:at:)``, and the detections are then
  ///     compared with what was followed in the frame of theirs.
  public mutating func associate(_ detections: [ObjectObservation], at nanos: Int64) -> Association {
    var association = Association()
    var free = Set(detections.indices)
    for track in tracks {
      let best = free.sorted().max { overlap(track.box, detections[$0].box) < overlap(track.box, detections[$1].box) }
      guard let best, overlap(track.box, detections[best].box) >= options.minimalOverlap else { continue }
      let common = overlap(track.box, detections[best].box)
      association.matched.append(
        .init(id: track.id, detection: best, overlap: common, needsPrompt: common < options.promptOverlap))
      free.remove(best)
    }
    for match in association.matched {
      guard let index = tracks.firstIndex(where: { $0.id == match.id }) else { continue }
      tracks[index].hits += 1
      tracks[index].score = detections[match.detection].score
    }
    association.ended = tracks.filter { nanos - $0.seenNanos > options.heldNanos }.map { .init(id: $0.id, reason: .lost) }
    tracks.removeAll { nanos - $0.seenNanos > options.heldNanos }
    for detection in free.sorted() {
      let observation = detections[detection]
      guard observation.score >= options.highScore, tracks.count < options.maximalTracks else {
        association.ignored.append(detection)
        continue
      }
      lastID += 1
      tracks.append(
        Track(
          id: lastID, label: observation.label, score: observation.score, box: observation.box,
          mask: observation.mask, seenNanos: nanos))
      association.started.append(.init(id: lastID, detection: detection, observation: observation))
    }
    return association
  }

  /// Ends objects that their follower cannot or should not follow.
  public mutating func end(_ ids: [Int]) { tracks.removeAll { ids.contains($0.id) } }

  private func objects(confirmedBy hits: Int, at nanos: Int64) -> [TrackedObject] {
    tracks.filter { $0.hits >= hits && nanos - $0.seenNanos <= options.predictedNanos }.map {
      TrackedObject(
        id: $0.id, label: $0.label, score: $0.score, box: $0.box, mask: $0.mask, sighting: $0.sighting)
    }
  }

  private func overlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let sides = pointwiseMin(a.highHalf, b.highHalf) - pointwiseMax(a.lowHalf, b.lowHalf)
    guard sides.x > 0, sides.y > 0 else { return 0 }
    let common = sides.x * sides.y
    return common / ((a.z - a.x) * (a.w - a.y) + (b.z - b.x) * (b.w - b.y) - common)
  }
}
