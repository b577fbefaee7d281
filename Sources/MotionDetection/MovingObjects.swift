import Geometry
import MediaModel
import Tracking
import Vision

/// The objects that move, from frame to frame: what was seen to move is followed by its pixels, and stays as long as those
/// are found and nothing says that it rests.
///
/// Each frame's findings are evidence, summed up as odds. Source of the idea: Salmond, Birch 2001, "A particle filter for
/// track-before-detect"; of following by many patches: Kalal, Mikolajczyk, Matas 2010, "Forward-backward error: automatic
/// detection of tracking failures".
struct MovingObjects: Sendable {
  /// What decides about evidence.
  struct Rules: Sendable {
    /// From this confidence on it is an object, and reported.
    var confirmed: Float = 0.7
    /// Below, it is not reported.
    var shown: Float = 0.4
    /// Below, it is forgotten; what was reported before is not followed any more.
    var forgotten: Float = 0.002
    /// Below, a finding does not continue what was lost, but starts another object, which may take over its identifier.
    var continued: Float = 0.02
    /// Frames that an object is followed in which nothing shows it moving; then it is taken for hidden.
    var unseenFrames = 15
    /// Score of a finding that starts an object.
    var startScore: Float = 0.1
    /// Frames that an object whose pixels are not found is kept.
    var heldFrames = 60
    /// The same for what is not an object yet.
    var newHeldFrames = 10
    /// Objects at a time.
    var maximalCount = 128
  }

  var rules = Rules()
  /// Whether what the net reads is kept, for ``samples(scale:)``.
  var keepsSamples = false
  private(set) var objects: [MovingObject] = []
  /// The latest pictures, the newest last.
  private var pictures: [WorkingPicture] = []
  /// Identifiers that were given so far.
  private(set) var lastID = 0
  private var births = 0

  /// Forgets all objects, as after a cut. Identifiers go on.
  mutating func reset() {
    objects = []
    pictures = []
  }

  /// Goes on to the next picture.
  mutating func advance(to picture: WorkingPicture, _ found: MotionFindings) {
    let ground = { (place: SIMD2<Float>) -> SIMD2<Float> in
      guard let matrix = found.imageFromPrevious else { return place }
      let mapped = matrix * SIMD3(Double(place.x), Double(place.y), 1)
      return abs(mapped.z) > 1e-9 ? SIMD2<Float>(SIMD2(mapped.x, mapped.y) / mapped.z) : place
    }
    for index in objects.indices { objects[index].follow(through: pictures, to: picture, ground: ground) }
    pictures.append(picture)
    if pictures.count > (MotionField.spans.max() ?? 0) + 1 { pictures.removeFirst() }
    let size = SIMD2(Float(picture.image.width), Float(picture.image.height))
    let left = give(found.findings, size: size, ground: ground)
    for index in objects.indices where objects[index].lostFrames == 0 {
      objects[index].look(at: pictures, found.restPoints, keeps: keepsSamples)
      if objects[index].confidence >= rules.shown { objects[index].replenish(from: picture) }
    }
    mergeParts(found.restPoints)
    forget(size: size)
    for finding in left where finding.score >= rules.startScore && objects.count < rules.maximalCount {
      births += 1
      objects.append(MovingObject(finding, velocity: Self.velocity(finding, ground), birth: births))
      objects[objects.count - 1].look(at: pictures, found.restPoints, keeps: keepsSamples)
    }
    noteSurroundings(size: size)
    decide(isCameraInPlace: found.isCameraInPlace)
  }

  /// Tells which objects are reported, and names those that are for the first time.
  private mutating func decide(isCameraInPlace: Bool) {
    for index in objects.indices {
      objects[index].record.end(isSeen: objects[index].unseenFrames == 0)
      var confidence = ObjectJudge.confidence(objects[index].measures)
      if isCameraInPlace { confidence = max(confidence, objects[index].confidenceInPlace) }
      objects[index].confidence = confidence
      objects[index].isShown = confidence >= (objects[index].isShown ? rules.shown : rules.confirmed)
      let object = objects[index]
      guard object.isShown, object.id == 0, object.lostFrames == 0 else { continue }
      // Two cannot be in one place.
      guard !isReported(in: object.box, besides: index) else { continue }
      if let former = formerOne(like: object) {
        objects[index].id = objects[former].id
        objects[former].id = 0
      } else {
        lastID += 1
        objects[index].id = lastID
      }
    }
  }

  /// Notes where followed objects lie among one another.
  private mutating func noteSurroundings(size: SIMD2<Float>) {
    let followed = objects.indices.filter { objects[$0].lostFrames == 0 }
    for index in followed {
      let others = followed.filter { $0 != index }.map { objects[$0].box }
      objects[index].surroundings = MovingObject.Surroundings(of: objects[index].box, among: others, size: size)
    }
  }

  /// Ends what is no object, and what was not found for long.
  private mutating func forget(size: SIMD2<Float>) {
    for index in objects.indices where objects[index].id > 0 && objects[index].lostFrames == 0 {
      let object = objects[index]
      // Its identifier is kept for another object, which is found where it was.
      if object.unseenFrames > rules.unseenFrames || object.confidence < rules.forgotten { objects[index].lose() }
    }
    objects.removeAll { object in
      // As long as a part is in sight it may be followed and found: more comes into sight where it turns back.
      let (low, high) = (object.box.lowHalf, object.box.highHalf)
      guard high.min() > 0, low.x < size.x, low.y < size.y else { return true }
      if object.id > 0 { return object.lostFrames > rules.heldFrames }
      return object.unseenFrames > rules.unseenFrames || object.lostFrames > rules.newHeldFrames
        || object.confidence < rules.forgotten
    }
  }

  /// Motion against the ground, pixels a frame.
  private static func velocity(_ finding: MotionFinding, _ ground: (SIMD2<Float>) -> SIMD2<Float>) -> SIMD2<Float> {
    let centre = (finding.box.lowHalf + finding.box.highHalf) / 2
    return finding.motion.velocity(centre) - (ground(centre) - centre)
  }

  /// Gives findings to objects: all that lie on an object are it.
  /// - Returns: those that are left.
  private mutating func give(
    _ findings: [MotionFinding], size: SIMD2<Float>, ground: (SIMD2<Float>) -> SIMD2<Float>
  ) -> [MotionFinding] {
    var given: [Int: MotionFinding] = [:]
    var left: [MotionFinding] = []
    for finding in findings {
      let best = objects.indices.compactMap { index in fit(finding, objects[index]).map { (index: index, fit: $0) } }
        .max { $0.fit < $1.fit }
      guard let best else {
        left.append(finding)
        continue
      }
      if let other = given[best.index] {
        given[best.index] = Self.joined(other, finding)
      } else {
        given[best.index] = finding
      }
    }
    for index in objects.indices {
      guard let finding = given[index] else { continue }
      if objects[index].lostFrames > 0 {
        objects[index].find(finding, velocity: Self.velocity(finding, ground))
      }
      objects[index].see(finding, size: size)
    }
    return left
  }

  /// How well a finding fits an object; `nil` where it is another.
  private func fit(_ finding: MotionFinding, _ object: MovingObject) -> Float? {
    let (box, own) = (finding.box, object.box)
    let overlap = BoxOverlap.ofUnion(box, own)
    let inside = BoxOverlap.share(of: box, in: own)
    let middle = (box.lowHalf + box.highHalf) / 2
    let centre = (own.lowHalf + own.highHalf) / 2
    if object.lostFrames > 0 {
      guard object.confidence >= rules.continued else { return nil }
      let side = BoxOverlap.area(own).squareRoot()
      let offset = middle - centre
      let away = (offset * offset).sum().squareRoot()
      let ratio = BoxOverlap.area(box) / max(BoxOverlap.area(own), 1)
      guard away < side * (0.5 + 0.05 * Float(object.lostFrames)), ratio > 0.3, ratio < 3 else { return nil }
      return 0.3 - 0.1 * away / max(side, 1)
    }
    guard overlap > 0.25 || inside > 0.6 || BoxOverlap.share(of: own, in: box) > 0.7 else { return nil }
    // The slower both are, the more of a difference is error.
    let difference = finding.motion.velocity(middle) - object.motion.velocity(middle)
    let speed = (finding.motion.shift * finding.motion.shift).sum().squareRoot()
    guard (difference * difference).sum().squareRoot() < 0.4 + 0.2 * speed else { return nil }
    return overlap + 0.5 * inside + (object.id > 0 ? 0.3 : 0)
  }

  /// Two findings of one object in one frame.
  private static func joined(_ a: MotionFinding, _ b: MotionFinding) -> MotionFinding {
    var result = a.score >= b.score ? a : b
    result.box = BoxOverlap.hull(a.box, b.box)
    result.members = a.members + b.members
    result.mask = PixelMask(joining: a.mask, b.mask)
    return result
  }

  private static func count(_ points: [RestPoint], in box: SIMD4<Float>) -> Int {
    points.reduce(0) { count, point in
      let place = point.now
      let isInside = place.x > box.x && place.y > box.y && place.x < box.z && place.y < box.w
      return count + (isInside ? 1 : 0)
    }
  }

  /// Joins objects that have moved as one for a while, and lie in or beside one another.
  private mutating func mergeParts(_ restPoints: [RestPoint]) {
    var first = 0
    while first < objects.count {
      var second = first + 1
      while second < objects.count {
        if let isBeside = areParts(objects[first], objects[second], restPoints) {
          let frames =
            objects[second].companion?.birth == objects[first].birth ? objects[second].companion?.frames ?? 0 : 0
          objects[second].companion = (objects[first].birth, frames + 1)
          if frames + 1 >= (isBeside ? 8 : 3) {
            let other = objects.remove(at: second)
            if !isBeside, other.confidence > objects[first].confidence {
              var better = other
              better.join(objects[first], isBeside: false)
              objects[first] = better
            } else {
              objects[first].join(other, isBeside: isBeside)
            }
            continue
          }
        }
        second += 1
      }
      first += 1
    }
  }

  /// Whether two objects move as one; then whether they lie beside each other, rather than one in the other.
  private func areParts(_ a: MovingObject, _ b: MovingObject, _ restPoints: [RestPoint]) -> Bool? {
    guard a.lostFrames == 0, b.lostFrames == 0 else { return nil }
    let (first, second) = (a.box, b.box)
    let middle = (first.lowHalf + first.highHalf + second.lowHalf + second.highHalf) / 4
    let difference = a.motion.velocity(middle) - b.motion.velocity(middle)
    let speed = (a.velocity * a.velocity).sum().squareRoot()
    let inside = max(BoxOverlap.share(of: first, in: second), BoxOverlap.share(of: second, in: first))
    let isAlike = (difference * difference).sum().squareRoot() < 0.3 + 0.1 * speed
    if BoxOverlap.ofUnion(first, second) > 0.5 { return false }
    if inside > 0.6 { return isAlike || b.id == 0 ? false : nil }
    guard isAlike else { return nil }
    let gap = pointwiseMax(
      pointwiseMax(first.lowHalf - second.highHalf, second.lowHalf - first.highHalf), .zero
    ).max()
    let side = max((first.highHalf - first.lowHalf).max(), (second.highHalf - second.lowHalf).max())
    guard gap < 0.35 * side else { return nil }
    let rest =
      Self.count(restPoints, in: BoxOverlap.hull(first, second))
      - Self.count(restPoints, in: first) - Self.count(restPoints, in: second)
    return 4 * rest < a.patches.count + b.patches.count ? true : nil
  }

  /// The objects that are reported, by rising identifier.
  /// - Parameter scale: pixels of the whole picture in one of the working picture, either way.
  func tracked(scale: Int, resolution: Resolution) -> [TrackedObject] {
    let size = SIMD2(Float(resolution.width), Float(resolution.height))
    let shown = objects.filter { $0.id > 0 && $0.isShown && $0.lostFrames == 0 }
    return shown.compactMap { object -> TrackedObject? in
      // Its whole numbers are the middles of pixels, those of a box that is reported their edges.
      let whole = (object.box + 0.5) * Float(scale)
      let box = SIMD4(
        lowHalf: pointwiseMax(whole.lowHalf, .zero), highHalf: pointwiseMin(whole.highHalf, size))
      guard box.z - box.x >= 2, box.w - box.y >= 2 else { return nil }
      let mask = RunLengthMask(
        resolution: resolution, columns: Int(box.x)..<Int(box.z), rows: Int(box.y)..<Int(box.w)
      ) { x, y in object.covers(x / scale, y / scale) }
      return TrackedObject(
        id: object.id, label: MotionFollower.label, score: object.confidence, box: box,
        mask: mask.area > 0 ? mask : nil)
    }.sorted { $0.id < $1.id }
  }
}
