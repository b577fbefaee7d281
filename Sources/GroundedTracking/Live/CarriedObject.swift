import MediaModel
import Segmentation
import Tracking

/// An object of a live stream between two frames in which it was looked for.
struct CarriedObject: Sendable {
  let id: Int
  /// Of the frame of its anchor.
  var bitmap: MaskBitmap?
  /// The same.
  var box: SIMD4<Float>
  /// The frame that its mask is of, as ``AnchorBook`` names it.
  var anchor: Int
  /// When that frame was taken.
  var nanos: Int64
  var isVisible = true
  var quality: Float = 1
  /// From the frame of its anchor to now.
  var motion = SimilarityMotion.identity
  /// How well that motion is known, 0…1.
  var support: Float = 1

  /// Where it is now.
  var boxNow: SIMD4<Float> { bitmap == nil ? motion.upright(box) : motion.box(around: box) }

  /// How much it has changed since its mask was found, as far as is known: by how much of its own size it has moved, and how
  /// little its points agree.
  var change: Double {
    let size = max(box.z - box.x, box.w - box.y, 1)
    let offset = (boxNow.lowHalf + boxNow.highHalf - box.lowHalf - box.highHalf) / 2
    let moved = (offset * offset).sum().squareRoot() / size + abs(motion.scale - 1)
    return Double(moved + 0.5 * (1 - support))
  }

  /// How much it needs to be looked for, more than others that need it less.
  func need(at now: Int64, _ options: PaceOptions) -> Double {
    change + Double(max(now - nanos, 0)) / Double(options.maskAgeNanos)
  }

  /// Carries it on to now.
  /// - Parameters:
  ///   - pairs: since the frame of its anchor.
  ///   - background: what the picture as a whole did since then.
  mutating func carry(_ pairs: PlacePairs, background: RobustMotion?, tolerance: Float) {
    let inside = pairs.filter { isOn($0, margin: 0) }
    // Patches at the rim see what is beside the object, and may stay with that.
    let inner = inside.filter { isOn($0, margin: 2 * tolerance) }
    let own = inner.count >= 4 ? inner : inside
    let found =
      RobustMotion(own, tolerance: tolerance)
      ?? (own.count > 0 ? RobustMotion(shiftOf: own, tolerance: tolerance) : nil)
    if let found {
      (motion, support) = (found.motion, found.support)
    } else if let background {
      // Nothing of it could be followed: it is taken to stand where it stood in the world.
      (motion, support) = (background.motion, 0)
    } else {
      support = 0
    }
  }

  /// Whether a place of the frame of its anchor is on it, and everything so near to it.
  private func isOn(_ place: SIMD2<Float>, margin: Float) -> Bool {
    guard let bitmap else {
      return place.x >= box.x + margin && place.y >= box.y + margin && place.x < box.z - margin
        && place.y < box.w - margin
    }
    guard margin > 0 else { return bitmap.contains(place) }
    return bitmap.contains(place + SIMD2(margin, 0)) && bitmap.contains(place - SIMD2(margin, 0))
      && bitmap.contains(place + SIMD2(0, margin)) && bitmap.contains(place - SIMD2(0, margin))
  }

  /// Where and what it is now.
  func followed(isNow: Bool, in resolution: Resolution) -> FollowedMask {
    let sighting = isNow ? TrackedObject.Sighting.measured : .carried
    guard isVisible else {
      return FollowedMask(id: id, mask: nil, box: .zero, isVisible: false, quality: 0, sighting: sighting)
    }
    guard let bitmap else {
      let limit = SIMD4(lowHalf: resolution.edges, highHalf: resolution.edges)
      let box = pointwiseMin(pointwiseMax(boxNow, .zero), limit)
      let isInside = box.z > box.x && box.w > box.y
      return FollowedMask(
        id: id, mask: nil, box: isInside ? box : .zero, isVisible: isInside, quality: quality, sighting: sighting)
    }
    let mask = isNow ? bitmap.mask : bitmap.moved(by: motion)
    let extent = isNow ? bitmap.box : MaskBitmap(mask)?.box
    return FollowedMask(
      id: id, mask: extent == nil ? nil : mask, box: extent ?? .zero, isVisible: extent != nil, quality: quality,
      sighting: sighting)
  }
}

extension Resolution {
  /// The right lower corner.
  var edges: SIMD2<Float> { SIMD2(Float(width), Float(height)) }
}

/// The earlier frames that masks, boxes and work under way are of, as long as somebody needs them.
struct AnchorBook: Sendable {
  private var anchors: [Int: FlowTracks.Anchor] = [:]
  private var last = 0

  mutating func add(_ anchor: FlowTracks.Anchor) -> Int {
    last += 1
    anchors[last] = anchor
    return last
  }

  subscript(name: Int) -> FlowTracks.Anchor? { anchors[name] }

  mutating func keep(only names: Set<Int>) { anchors = anchors.filter { names.contains($0.key) } }

  var count: Int { anchors.count }
}
