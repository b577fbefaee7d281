import Geometry
import Tracking
import Vision

/// An object that moves by itself, followed by its own pixels: in pixels of the working picture.
///
/// It has coordinates of its own: a place `p` of it is at `centre + scale · p` in the picture. Patches that lie on it say
/// from frame to frame where it goes, also while its motion cannot be told from rest; its shape is summed up over frames.
struct MovingObject: Sendable {
  /// Where an object's coordinates are in the picture of a frame.
  struct Pose: Sendable {
    var centre: SIMD2<Float>
    var scale: Float = 1
  }

  /// 0 until it is confirmed.
  var id = 0
  /// Number of its birth: never that of another.
  let birth: Int
  var pose: Pose
  /// Poses of the latest frames before this one, the latest last.
  var earlier: [Pose]
  /// Places on it, in the picture.
  var patches: [SIMD2<Float>]
  /// How it moves against the ground, pixels a frame.
  var velocity: SIMD2<Float>
  /// How it moved in the picture in the latest frame.
  var motion: GroupMotion
  /// Whether its pixels were not looked at yet.
  private var isNew = true
  /// Whether it is reported, while its pixels are found.
  var isShown = false
  var record: ObjectRecord
  /// How likely it is an object that moves, and its box fits, as of the latest frame, 0…1.
  var confidence: Float = 0
  /// Frames in a row in which its pixels were not found.
  var lostFrames = 0
  /// Where it was when its patches were found last, while they are looked for again.
  var lastPose: Pose?
  /// Frames in a row in which its motion was not seen.
  var unseenFrames = 0
  /// An object that has moved with it, since so many frames.
  var companion: (birth: Int, frames: Int)?
  var shape: ObjectShape
  /// How it lay in the picture and among others in the latest frame in which it was followed.
  var surroundings = Surroundings()
  /// Where its centre would be, had it gone on as when its motion was last seen, and how it moved then against the ground.
  var expected: (centre: SIMD2<Float>, velocity: SIMD2<Float>)
  /// Left, top, right, bottom in its own coordinates.
  private(set) var edges: SIMD4<Float>
  /// The latest boxes in which its motion was seen, in its own coordinates.
  private var seen: [SIMD4<Float>] = []

  static let maximalPatches = 40
  /// With fewer patches it gets new ones.
  private static let fewPatches = 10
  /// Differences across a place from which on it has texture, grey levels a pixel.
  private static let minimalSlope: Float = 6
  private static let keptBoxes = 15

  init(_ finding: MotionFinding, velocity: SIMD2<Float>, birth: Int) {
    self.birth = birth
    record = ObjectRecord(score: finding.score, velocity: velocity)
    let centre = (finding.box.lowHalf + finding.box.highHalf) / 2
    pose = Pose(centre: centre)
    earlier = Self.poses(before: pose, finding.motion)
    patches = Array(finding.members.prefix(Self.maximalPatches))
    motion = finding.motion
    self.velocity = velocity
    expected = (centre, velocity)
    edges = finding.box - SIMD4(lowHalf: centre, highHalf: centre)
    shape = ObjectShape(edges) { place in finding.mask.contains(place + centre) }
  }

  /// Where it was before, had it always moved so.
  private static func poses(before pose: Pose, _ motion: GroupMotion) -> [Pose] {
    let count = MotionField.spans.max() ?? 1
    let step = motion.velocity(pose.centre)
    return (1...count).reversed().map { frames in
      Pose(
        centre: pose.centre - step * Float(frames),
        scale: pose.scale * max(1 - motion.growth * Float(frames), 0.5))
    }
  }

  /// Left, top, right, bottom in the picture.
  var box: SIMD4<Float> { SIMD4(lowHalf: pose.centre, highHalf: pose.centre) + edges * pose.scale }

  /// Takes in what a frame shows of its motion.
  /// - Parameter size: of the working picture; edges at its border say only that the object reaches further.
  mutating func see(_ finding: MotionFinding, size: SIMD2<Float>) {
    var found = (finding.box - SIMD4(lowHalf: pose.centre, highHalf: pose.centre)) / pose.scale
    for edge in 0..<4 {
      let place = finding.box[edge]
      if edge < 2 ? place < 4 : place > size[edge - 2] - 4 { found[edge] = shape.box[edge] }
    }
    seen.append(found)
    if seen.count > Self.keptBoxes { seen.removeFirst() }
    unseenFrames = 0
    expected = (pose.centre, velocity)
    let pose = pose
    let agreement = shape.add { place in finding.mask.contains(pose.centre + place * pose.scale) }
    record.see(
      score: finding.score, overlap: BoxOverlap.ofUnion(finding.box, box),
      areaRatio: BoxOverlap.area(finding.box) / max(BoxOverlap.area(box), 1), agreement: agreement)
    for place in finding.members where patches.count < Self.maximalPatches { add(patch: place) }
  }

  /// Its pixels are not its own any more, as when something hides it: it is where it was expected.
  mutating func lose() {
    lostFrames += 1
    (pose.centre, velocity) = expected
    motion = GroupMotion(centre: pose.centre, shift: motion.shift)
    (patches, lastPose) = ([], nil)
  }

  /// Is found again after its pixels were lost.
  mutating func find(_ finding: MotionFinding, velocity: SIMD2<Float>) {
    let place = (finding.box.lowHalf + finding.box.highHalf) / 2
    pose.centre += place - (box.lowHalf + box.highHalf) / 2
    earlier = Self.poses(before: pose, finding.motion)
    (patches, lostFrames, lastPose) = ([], 0, nil)
    (motion, self.velocity) = (finding.motion, velocity)
  }

  /// Takes over another object, which turned out to be a part of this one; of two identifiers that of the one that is
  /// reported stays, or the older one.
  mutating func join(_ other: MovingObject, isBeside: Bool) {
    if isBeside {
      let part = (other.box - SIMD4(lowHalf: pose.centre, highHalf: pose.centre)) / pose.scale
      shape.join(part)
      edges = shape.box
      seen = []
    }
    let isOthersKept = isShown == other.isShown ? id == 0 || other.id < id : other.isShown
    if other.id > 0, isOthersKept { id = other.id }
    isShown = isShown || other.isShown
    patches = Array((patches + other.patches).prefix(Self.maximalPatches))
    unseenFrames = min(unseenFrames, other.unseenFrames)
    companion = nil
  }

  /// Finds which pixels are its own, by how they move against what is at rest around.
  /// - Parameters:
  ///   - pictures: the latest, the newest last.
  ///   - restPoints: of the newest.
  ///   - keeps: whether what the net reads is kept.
  mutating func look(at pictures: [WorkingPicture], _ restPoints: [RestPoint], keeps: Bool) {
    shape.latest = nil
    let margin = max(12, 0.5 * (box.highHalf - box.lowHalf).max())
    let around = box + SIMD4(-margin, -margin, margin, margin)
    // The shortest time in which it went some pixels against what is at rest.
    var chosen: Int?
    for choice in MotionField.spans.indices where MotionField.spans[choice] < pictures.count {
      guard let rest = RestMotion(restPoints, in: around, from: nil, to: choice) else { continue }
      let difference = rest.then(pose.centre) - frame(choice, of: pictures).image(.zero)
      let far = (difference * difference).sum().squareRoot()
      if far > 0.8 { chosen = choice }
      if far > 5 { break }
    }
    guard let chosen else { return }
    let looks = Self.looks[chosen]
    for look in isNew ? looks[...] : looks.suffix(1) { see(look, around, pictures, restPoints, keeps) }
    isNew = false
  }

  /// A frame to look at, and those to compare it with: ``MotionField/spans`` ago; `nil` is the latest.
  private struct Look {
    var frame: Int?
    var others: [Int?]
  }

  /// By the span over which it goes some pixels. The last is how frames are looked at, those before it come in addition when
  /// it is new. What is looked at lies between, but for the shortest span, of which no frame between is known.
  private static let looks: [[Look]] = [
    [Look(frame: 1, others: [2, 0]), Look(frame: 0, others: [1, nil]), Look(frame: nil, others: [0])],
    [Look(frame: 2, others: [3, 1]), Look(frame: 1, others: [2, nil]), Look(frame: 0, others: [1, nil])],
    [Look(frame: 2, others: [3, nil]), Look(frame: 1, others: [2, nil])],
    [Look(frame: 2, others: [3, nil]), Look(frame: 1, others: [3, nil])],
  ]

  private mutating func see(
    _ look: Look, _ around: SIMD4<Float>, _ pictures: [WorkingPicture], _ restPoints: [RestPoint],
    _ keeps: Bool
  ) {
    func isKnown(_ choice: Int?) -> Bool { choice.map { MotionField.spans[$0] < pictures.count } ?? true }
    guard isKnown(look.frame) else { return }
    let looked = frame(look.frame, of: pictures)
    let shift = looked.pose.centre - pose.centre
    let then = around + SIMD4(lowHalf: shift, highHalf: shift)
    var references: [(frame: ObjectShape.Frame, rest: RestMotion)] = []
    for choice in look.others where isKnown(choice) {
      guard let rest = RestMotion(restPoints, in: then, from: look.frame, to: choice) else { continue }
      references.append((frame(choice, of: pictures), rest))
    }
    guard !references.isEmpty else { return }
    let resting = restPoints.lazy.map { $0.place(look.frame) }.filter { $0.x.isFinite }.map { looked.object($0) }
    shape.see(
      looked, references, seeds: patches.map { ($0 - pose.centre) / pose.scale }, resting: Array(resting),
      keptAs: keeps ? look.frame.map { MotionField.spans[$0] } ?? 0 : nil)
    edges += 0.7 * (shape.box - edges)
    record.look(gain: shape.quality.gain)
    patches.removeAll { shape.isOutside(($0 - pose.centre) / pose.scale) }
  }

  /// Finds new patches on it, where it has few left: on cells that are surely its own, those with most texture first.
  mutating func replenish(from picture: WorkingPicture) {
    guard patches.count < Self.fewPatches else { return }
    let places = shape.surePlaces.map { pose.centre + $0 * pose.scale }
    let slopes = CellSamples(picture, at: places).slopes
    let order = places.indices.sorted { (slopes[$1], $0) < (slopes[$0], $1) }
    for index in order where patches.count < Self.fewPatches && slopes[index] > Self.minimalSlope {
      add(patch: places[index])
    }
  }

  /// Adds a patch, where none is near.
  private mutating func add(patch place: SIMD2<Float>) {
    let isNew = patches.allSatisfy { other in
      let offset = other - place
      return (offset * offset).sum() > 9
    }
    if isNew { patches.append(place) }
  }

  /// The picture of one of ``MotionField/spans`` ago, or the latest.
  private func frame(_ choice: Int?, of pictures: [WorkingPicture]) -> ObjectShape.Frame {
    guard let span = choice.map({ MotionField.spans[$0] }) else {
      return ObjectShape.Frame(picture: pictures[pictures.count - 1], pose: pose)
    }
    return ObjectShape.Frame(picture: pictures[pictures.count - 1 - span], pose: earlier[max(earlier.count - span, 0)])
  }

  /// Of the edges of the latest boxes in which its motion was seen.
  private var seenMedians: SIMD4<Float> {
    var medians = SIMD4<Float>.zero
    for edge in 0..<4 { medians[edge] = seen.map { $0[edge] }.sorted()[seen.count / 2] }
    return medians
  }

  /// How well its shape fits those boxes, 0…1.
  var boxAgreement: Float { seen.count >= 3 ? BoxOverlap.ofUnion(shape.box, seenMedians) : 0.5 }

  /// Whether a pixel of the working picture is its own.
  func covers(_ x: Int, _ y: Int) -> Bool { shape.contains((SIMD2(Float(x), Float(y)) - pose.centre) / pose.scale) }
}
