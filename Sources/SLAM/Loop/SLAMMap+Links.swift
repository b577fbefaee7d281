import Geometry
import Vision

extension MapPoint {
  func isSeen(by keyFrame: Int) -> Bool { observations.contains { $0.keyFrame == keyFrame } }
}

extension SLAMMap {
  /// A key frame that shows a point.
  struct View {
    var keyFrame: Int
    var feature: Int
    /// From the key frame's camera to the point.
    var distance: Double
    /// Of the angle at the point between this view and the one asked for.
    var cosine: Double
  }

  /// The view of a point that is nearest in direction to that from `frame`.
  func bestView(of identifier: Int, _ point: MapPoint, from frame: KeyFrame) -> View? {
    let ray = (point.position - frame.centre).normalized
    var best: View?
    for observation in point.observations {
      let other = keyFrames[observation.keyFrame]
      guard let feature = other.features.feature(of: identifier) else { continue }
      let offset = point.position - other.centre
      let distance = offset.norm
      let cosine = ray.dot(offset) / distance
      if cosine > best?.cosine ?? -1 {
        best = View(keyFrame: observation.keyFrame, feature: feature, distance: distance, cosine: cosine)
      }
    }
    return best
  }

  /// What a point looks like in the newest key frame that describes it.
  func descriptor(of identifier: Int, _ point: MapPoint) -> BinaryDescriptor? {
    for observation in point.observations.reversed() {
      let features = keyFrames[observation.keyFrame].features
      if let feature = features.feature(of: identifier) { return features.descriptor(feature) }
    }
    return nil
  }

  /// Notes that a feature of a key frame shows a point.
  mutating func observe(_ identifier: Int, in keyFrame: Int, feature: Int) {
    let pixel = keyFrames[keyFrame].features.position(feature)
    keyFrames[keyFrame].features.own(feature, by: identifier)
    points[identifier]?.observations.append((keyFrame, pixel))
  }

  /// Gives a track that has no point yet to a point, in the key frames that followed it, from the newest back.
  mutating func adopt(track: Int, by identifier: Int, newest: Int, camera: CameraModel, tolerance: Double) {
    for keyFrame in (0...newest).reversed() {
      if isStripped(keyFrame) { continue }
      guard let feature = keyFrames[keyFrame].features.feature(of: track) else { return }
      guard let point = points[identifier], !point.isSeen(by: keyFrame), !keyFrames[keyFrame].isThinned,
        let pixel = camera.project(keyFrames[keyFrame].cameraFromWorld * point.position)
      else { continue }
      let offset = pixel - keyFrames[keyFrame].features.position(feature)
      guard (offset * offset).sum() <= tolerance * tolerance else { continue }
      observe(identifier, in: keyFrame, feature: feature)
    }
  }

  /// Makes two points one, with the observations of both, where the place of the one that stays fits those of the other.
  /// - Returns: whether they are one now; not when a key frame sees them apart, or too few observations fit.
  mutating func join(_ gone: Int, into kept: Int, camera: CameraModel, tolerance: Double) -> Bool {
    guard let old = points[gone], let point = points[kept] else { return false }
    var fitting: [(keyFrame: Int, pixel: SIMD2<Double>)] = []
    for observation in old.observations {
      if let known = point.observations.first(where: { $0.keyFrame == observation.keyFrame }) {
        let apart = known.pixel - observation.pixel
        guard (apart * apart).sum() < 9 else { return false }
        continue
      }
      guard let pixel = camera.project(keyFrames[observation.keyFrame].cameraFromWorld * point.position) else {
        continue
      }
      let offset = pixel - observation.pixel
      if (offset * offset).sum() <= tolerance * tolerance { fitting.append(observation) }
    }
    guard 2 * fitting.count >= old.observations.count else { return false }
    for observation in old.observations {
      guard let feature = keyFrames[observation.keyFrame].features.feature(of: gone) else { continue }
      let isFitting = fitting.contains { $0.keyFrame == observation.keyFrame }
      keyFrames[observation.keyFrame].features.own(feature, by: isFitting ? kept : -1)
    }
    points[kept]?.observations += fitting
    points[gone] = nil
    return true
  }

  /// Looks for the points of the map in each key frame that may show them.
  mutating func linkEverywhere(_ linker: PointLinker) {
    for keyFrame in heldKeyFrames {
      linker.link(unseenPoints(by: keyFrame, limit: 4_000), into: keyFrame, of: &self)
    }
  }

  /// Points that a key frame may show, and of which that is not known.
  func unseenPoints(by keyFrame: Int, limit: Int) -> [Int] {
    let candidates = points(near: keyFrames[keyFrame], depth: medianDepth(of: keyFrame), limit: limit)
    return candidates.filter { points[$0]?.isSeen(by: keyFrame) == false }
  }

  /// Points that key frames see that look at the same part of the world as `frame`, the most similar views first.
  /// - Parameters:
  ///   - depth: how far away is what the frame shows.
  ///   - limit: points at most, about.
  func points(near frame: KeyFrame, depth: Double, limit: Int) -> [Int] {
    let centre = frame.centre
    let axis = frame.cameraFromWorld.rotation.inverse * SIMD3(0, 0, 1)
    let target = centre + depth * axis
    var near: [(cost: Double, keyFrame: Int)] = []
    for index in places.keyFrames {
      let other = keyFrames[index]
      let cosine = axis.dot(other.cameraFromWorld.rotation.inverse * SIMD3(0, 0, 1))
      // Where the other camera sees the middle of this one's view.
      let middle = other.cameraFromWorld * target
      guard cosine > 0.5, middle.z > 0.2 * depth, middle.z < 4 * depth else { continue }
      near.append(((other.centre - centre).norm / depth + 1 - cosine, index))
    }
    var chosen: [Int] = []
    var isChosen: Set<Int> = []
    for (_, index) in near.sorted(by: { $0 < $1 }) {
      for owner in keyFrames[index].features.owners where owner >= 0 && points[owner] != nil {
        if isChosen.insert(owner).inserted { chosen.append(owner) }
      }
      if chosen.count >= limit { break }
    }
    return chosen
  }

  /// The median depth of the points that a key frame sees; 1 when it sees none.
  func medianDepth(of keyFrame: Int) -> Double {
    let frame = keyFrames[keyFrame]
    let depths = frame.features.owners.compactMap { owner in
      points[owner].map { (frame.cameraFromWorld * $0.position).z }
    }.sorted()
    return depths.isEmpty ? 1 : max(depths[depths.count / 2], 1e-9)
  }

  /// For each key frame, how many points it shares with one.
  func sharedPoints(with keyFrame: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: keyFrames.count)
    for owner in keyFrames[keyFrame].features.owners where owner >= 0 {
      guard let point = points[owner] else { continue }
      for observation in point.observations where observation.keyFrame != keyFrame {
        counts[observation.keyFrame] += 1
      }
    }
    return counts
  }

  /// Moves key frames, and each point with the key frame that saw it first.
  ///
  /// Key frames have no scale of their own: what a similarity makes larger gets farther away instead.
  /// - Parameter corrections: how what each key frame sees moves in the world.
  mutating func move(by corrections: [Sim3]) {
    for identifier in points.identifiers {
      guard let point = points[identifier], let first = point.observations.first?.keyFrame else { continue }
      points[identifier]?.position = corrections[first] * point.position
    }
    for (index, correction) in corrections.enumerated() {
      keyFrames[index].cameraFromWorld = correction.moved(keyFrames[index].cameraFromWorld.inverse).inverse
    }
  }

  /// How far the observations of another state of this map are from where this one has their points: root mean square,
  /// pixels. What is off by more than three, or behind the camera, counts as three.
  func misfit(of other: SLAMMap, _ camera: CameraModel) -> Double {
    var (sum, count) = (0.0, 0)
    for identifier in other.points.identifiers {
      guard let point = points[identifier] else { continue }
      for observation in other.points[identifier]?.observations ?? [] {
        count += 1
        let pixel = camera.project(keyFrames[observation.keyFrame].cameraFromWorld * point.position)
        let offset = pixel.map { $0 - observation.pixel } ?? SIMD2(3, 0)
        sum += min((offset * offset).sum(), 9)
      }
    }
    return (sum / Double(max(count, 1))).squareRoot()
  }
}
