import Geometry
import Vision

/// An object that moves by itself, followed by its own pixels: in pixels of the working picture.
///
/// It has coordinates of its own: a place `p` of it is at `centre + scale · p` in the picture. Patches that lie on it say
/// from frame to frame where it goes, also while its motion cannot be told from rest. Its edges are the medians of the
/// latest boxes in which its motion was seen: one box may hold a part of it, or something beside it.
struct MovingObject: Sendable {
  /// 0 until it is confirmed.
  var id = 0
  /// Number of its birth: never that of another.
  let birth: Int
  var centre: SIMD2<Float>
  var scale: Float = 1
  /// Places on it, in the picture.
  var patches: [SIMD2<Float>]
  /// How it moves against the ground, pixels a frame.
  var velocity: SIMD2<Float>
  /// How it moved in the picture in the latest frame.
  var motion: GroupMotion
  /// How sure it is that it is an object that moves: logarithm of odds, smoothed.
  var belief: Float = 0
  /// Frames in which its motion was seen.
  var hits = 1
  /// Frames in a row in which its pixels were not found.
  var lostFrames = 0
  /// Frames in a row in which its motion was not seen.
  var unseenFrames = 0
  /// An object that has moved with it, since so many frames.
  var companion: (birth: Int, frames: Int)?
  /// Its pixels when its motion was last seen, and where it was then.
  private(set) var mask: PixelMask
  private var maskCentre: SIMD2<Float>
  private var maskScale: Float = 1
  /// Left, top, right, bottom of the latest boxes, in its own coordinates.
  private var boxes: [SIMD4<Float>]
  private(set) var edges: SIMD4<Float>

  static let keptBoxes = 15
  static let maximalPatches = 40

  init(_ finding: MotionFinding, velocity: SIMD2<Float>, birth: Int) {
    self.birth = birth
    centre = (finding.box.lowHalf + finding.box.highHalf) / 2
    patches = Array(finding.members.prefix(Self.maximalPatches))
    motion = finding.motion
    self.velocity = velocity
    (mask, maskCentre) = (finding.mask, centre)
    edges = finding.box - SIMD4(lowHalf: centre, highHalf: centre)
    boxes = [edges]
  }

  /// Left, top, right, bottom in the picture.
  var box: SIMD4<Float> { SIMD4(lowHalf: centre, highHalf: centre) + edges * scale }

  /// Takes in what a frame shows of its motion.
  /// - Parameter size: of the working picture; edges at its border say only that the object reaches further.
  mutating func see(_ finding: MotionFinding, size: SIMD2<Float>) {
    hits += 1
    unseenFrames = 0
    (mask, maskCentre, maskScale) = (finding.mask, centre, scale)
    var seen = (finding.box - SIMD4(lowHalf: centre, highHalf: centre)) / scale
    let border: Float = 4
    for edge in 0..<4 {
      let place = finding.box[edge]
      let isCut = edge < 2 ? place < border : place > size[edge - 2] - border
      guard isCut else { continue }
      for index in boxes.indices {
        boxes[index][edge] = edge < 2 ? min(boxes[index][edge], seen[edge]) : max(boxes[index][edge], seen[edge])
      }
      seen[edge] = edge < 2 ? min(edges[edge], seen[edge]) : max(edges[edge], seen[edge])
    }
    boxes.append(seen)
    if boxes.count > Self.keptBoxes { boxes.removeFirst() }
    renewEdges()
    for place in finding.members where patches.count < Self.maximalPatches {
      let isNew = patches.allSatisfy { other in
        let offset = other - place
        return (offset * offset).sum() > 9
      }
      if isNew { patches.append(place) }
    }
  }

  /// Is found again after its pixels were lost.
  mutating func find(_ finding: MotionFinding, velocity: SIMD2<Float>) {
    let place = (finding.box.lowHalf + finding.box.highHalf) / 2
    centre += place - (box.lowHalf + box.highHalf) / 2
    (patches, lostFrames) = ([], 0)
    (motion, self.velocity) = (finding.motion, velocity)
  }

  /// Takes over another object, which turned out to be a part of this one.
  mutating func join(_ other: MovingObject, isBeside: Bool) {
    if isBeside {
      let both = MotionBoxes.union(box, other.box) - SIMD4(lowHalf: centre, highHalf: centre)
      boxes = [both / scale]
      renewEdges()
    }
    patches = Array((patches + other.patches).prefix(Self.maximalPatches))
    belief = max(belief, other.belief)
    hits = max(hits, other.hits)
    unseenFrames = min(unseenFrames, other.unseenFrames)
    companion = nil
  }

  private mutating func renewEdges() {
    for edge in 0..<4 {
      let sorted = boxes.map { $0[edge] }.sorted()
      edges[edge] = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
  }

  /// Whether a pixel of the working picture is its own, as far as its motion told when it was last seen.
  func covers(_ x: Int, _ y: Int) -> Bool {
    let place = (SIMD2(Float(x), Float(y)) - centre) / scale * maskScale + maskCentre
    return mask.contains(Int(place.x.rounded()), Int(place.y.rounded()))
  }
}

/// Arithmetic of boxes: left, top, right, bottom.
enum MotionBoxes {
  static func area(_ box: SIMD4<Float>) -> Float { max(box.z - box.x, 0) * max(box.w - box.y, 0) }

  static func common(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    area(SIMD4(lowHalf: pointwiseMax(a.lowHalf, b.lowHalf), highHalf: pointwiseMin(a.highHalf, b.highHalf)))
  }

  static func union(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4(lowHalf: pointwiseMin(a.lowHalf, b.lowHalf), highHalf: pointwiseMax(a.highHalf, b.highHalf))
  }

  /// Intersection over union.
  static func overlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / (area(a) + area(b) - common) : 0
  }

  /// Share of a box that lies in another.
  static func share(of a: SIMD4<Float>, in b: SIMD4<Float>) -> Float { common(a, b) / max(area(a), 1) }
}
