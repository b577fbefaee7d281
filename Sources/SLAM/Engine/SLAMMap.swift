public import Geometry
import MultiView

/// A point of the map, and the key frames that saw it.
public struct MapPoint: Sendable {
  public var position: SIMD3<Double>
  /// By key frame: where it was seen.
  public var observations: [(keyFrame: Int, pixel: SIMD2<Double>)]

  public init(position: SIMD3<Double>, observations: [(keyFrame: Int, pixel: SIMD2<Double>)]) {
    self.position = position
    self.observations = observations
  }
}

/// A frame that stays in the map.
public struct KeyFrame: Sendable {
  public var cameraFromWorld: SE3
  /// Number and capture time of the frame.
  public var number = 0
  public var nanos: Int64 = 0
  /// Which of the runs that built the map the frame is from.
  public var run = 0
  public var features = KeyFrameFeatures()
  /// Whether its sightings were taken out of the map, since others show the same: it moves with the one before. With its
  /// features it can still be recognised.
  public internal(set) var isThinned = false

  /// Where it was in the axes of the key frame before, as it was tracked: frames in between were tracked with it.
  var previousFromThis: SE3?

  public init(
    cameraFromWorld: SE3, number: Int = 0, nanos: Int64 = 0, run: Int = 0, features: KeyFrameFeatures = .init()
  ) {
    self.cameraFromWorld = cameraFromWorld
    self.number = number
    self.nanos = nanos
    self.run = run
    self.features = features
  }

  /// Of the camera, in the world.
  var centre: SIMD3<Double> { cameraFromWorld.inverse.translation }
}

/// One map: key frames and points in a world of its own.
public struct SLAMMap: Sendable {
  public var keyFrames: [KeyFrame] = []
  /// By identifier; identifiers are those of the tracks that the points come from.
  public var points: MapPoints = [:]
  /// The key frames by what they show, without those of which only the pose is left.
  package private(set) var places = PlaceIndex()
  /// Key frames of which that is known.
  private var indexedCount = 0

  public init() {}

  /// Makes the newest key frames known to ``places``.
  public mutating func indexPlaces() {
    for index in indexedCount..<keyFrames.count where !isStripped(index) {
      places.add(index, keyFrames[index].features)
    }
    indexedCount = keyFrames.count
  }

  /// Whether only the pose of a key frame is left.
  package func isStripped(_ keyFrame: Int) -> Bool {
    keyFrames[keyFrame].isThinned && keyFrames[keyFrame].features.count == 0
  }

  /// Key frames that were not thinned out, ascending.
  package var heldKeyFrames: [Int] { places.keyFrames.filter { !keyFrames[$0].isThinned } }

  /// Leaves of a key frame its number and its pose, on which frames hang.
  mutating func strip(keyFrame: Int) {
    points.forget(keyFrame: keyFrame)
    keyFrames[keyFrame].features = KeyFrameFeatures()
    keyFrames[keyFrame].isThinned = true
    places.remove(keyFrame)
  }

  /// Scales how far each key frame was tracked to be from the one before.
  /// - Parameter growth: by the number of the key frame, from 1.
  mutating func growSteps(_ growth: (Int) -> Double) {
    for index in keyFrames.indices.dropFirst() { keyFrames[index].previousFromThis?.translation *= growth(index) }
  }

  /// Adjusts the newest key frames and the points they see; older key frames hold them in place.
  mutating func adjust(window: Int, camera: CameraModel, iterations: Int) {
    let firstFree = max(keyFrames.count - window, 0)
    adjust(free: firstFree..<keyFrames.count, camera: camera, iterations: iterations)
  }

  /// Adjusts the key frames of a range, all points that they see, and nothing else.
  public mutating func adjust(free: Range<Int>, camera: CameraModel, iterations: Int) {
    adjust(free: free, camera: camera, intrinsics: nil, iterations: iterations)
  }

  /// Adjusts the key frames of a range, all points that they see, and the camera when intrinsics are given.
  /// - Returns: the camera.
  @discardableResult
  mutating func adjust(free: Range<Int>, camera: CameraModel, intrinsics: Intrinsics?, iterations: Int) -> CameraModel {
    guard var adjustment = adjustment(free: free, camera: camera, intrinsics: intrinsics) else { return camera }
    adjustment.advance(iterations: iterations)
    apply(adjustment)
    return adjustment.problem.camera
  }

  /// An adjustment that is done in pieces while nothing else changes the map.
  struct Adjustment {
    fileprivate let free: Range<Int>
    /// Its points and key frames, in the order of the problem's.
    fileprivate let identifiers: [Int]
    fileprivate let used: [Int]
    private(set) var problem: BundleProblem
    private var damping = BundleAdjuster().damping

    fileprivate init(_ free: Range<Int>, _ identifiers: [Int], _ used: [Int], _ problem: BundleProblem) {
      (self.free, self.identifiers, self.used, self.problem) = (free, identifiers, used, problem)
    }

    /// A patch on something flat is found within a quarter of a pixel. At the edge of what stands in front of something
    /// else it follows neither, and is off by a pixel or two: that must not pass for noise.
    private static let kernel = HuberKernel(threshold: 0.5)

    /// Goes some steps on.
    /// - Returns: whether more would change little.
    @discardableResult
    mutating func advance(iterations: Int) -> Bool {
      var adjuster = BundleAdjuster()
      adjuster.iterations = iterations
      (adjuster.damping, adjuster.kernel) = (damping, Self.kernel)
      let report = adjuster.adjust(&problem)
      damping = report.damping
      return report.isConverged
    }
  }

  /// What is to be adjusted for the key frames of a range: they, all points that they see, and the camera when
  /// intrinsics are given. `nil` when no key frame is free.
  func adjustment(free: Range<Int>, camera: CameraModel, intrinsics: Intrinsics?) -> Adjustment? {
    let identifiers = points.seen(by: free)
    var sightings = [Int](repeating: 0, count: keyFrames.count)
    for identifier in identifiers {
      for observation in points[identifier]?.observations ?? [] { sightings[observation.keyFrame] += 1 }
    }
    var slots = [Int](repeating: -1, count: keyFrames.count)
    var used: [Int] = []
    var observations: [BundleProblem.Observation] = []
    for (index, identifier) in identifiers.enumerated() {
      for observation in points[identifier]?.observations ?? [] {
        // Few points do not hold a key frame: it moves with the one before.
        let isLoose = sightings[observation.keyFrame] < Self.minimalSightings && free.contains(observation.keyFrame)
        if isLoose && observation.keyFrame > 1 { continue }
        if slots[observation.keyFrame] < 0 {
          slots[observation.keyFrame] = used.count
          used.append(observation.keyFrame)
        }
        observations.append(.init(pose: slots[observation.keyFrame], point: index, pixel: observation.pixel))
      }
    }
    // Two key frames that stay fix the place and the scale. A second one would hold a camera that is wrong.
    let anchors = used.sorted().prefix(intrinsics == nil ? 2 : 1)
    let isFixed = used.map { !free.contains($0) || anchors.contains($0) }
    guard isFixed.contains(false) else { return nil }
    var problem = BundleProblem(
      camera: camera, poses: used.map { keyFrames[$0].cameraFromWorld }, isFixed: isFixed,
      points: identifiers.compactMap { points[$0]?.position }, observations: observations)
    problem.intrinsics = intrinsics
    return Adjustment(free, identifiers, used, problem)
  }

  /// Moves key frames and points to where an adjustment has them, and removes observations that do not fit there.
  mutating func apply(_ adjustment: Adjustment) {
    let (used, identifiers, problem) = (adjustment.used, adjustment.identifiers, adjustment.problem)
    let before = used.map { keyFrames[$0].cameraFromWorld }
    let held = Set(used)
    let hung = hungKeyFrames(in: adjustment.free) { held.contains($0) }
    for (slot, keyFrame) in used.enumerated() { keyFrames[keyFrame].cameraFromWorld = problem.poses[slot] }
    for (keyFrame, holder, cameraFromHolder) in hung {
      keyFrames[keyFrame].cameraFromWorld = cameraFromHolder * keyFrames[holder].cameraFromWorld
    }
    for (index, identifier) in identifiers.enumerated() { points[identifier]?.position = problem.points[index] }
    if problem.intrinsics != nil { keepScale(used, before) }
    cull(identifiers, problem.camera)
  }

  /// Adjusts all key frames, the oldest first, in runs that overlap by half.
  package mutating func adjustInParts(camera: CameraModel) {
    let held = heldKeyFrames
    var start = 0
    while start < held.count {
      let end = start + Self.partSize
      adjust(
        free: held[start]..<(end < held.count ? held[end] : keyFrames.count), camera: camera, iterations: 6)
      if end >= held.count { return }
      start += Self.partSize / 2
    }
  }

  /// Key frames that are adjusted at once in a large map.
  private static let partSize = 80

  /// Points that a key frame must see to be adjusted.
  private static let minimalSightings = 10

  /// Key frames that no point holds, each with the one before it that points hold, and its camera from that one's.
  private func hungKeyFrames(
    in range: Range<Int>, isHeld: (Int) -> Bool
  ) -> [(keyFrame: Int, holder: Int, cameraFromHolder: SE3)] {
    var holder: Int?
    return range.compactMap { index in
      if isHeld(index) {
        holder = index
        return nil
      }
      return holder.map { holder in
        let worldFromHolder = keyFrames[holder].cameraFromWorld.inverse
        return (index, holder, keyFrames[index].cameraFromWorld * worldFromHolder)
      }
    }
  }

  /// Undoes a change of scale, which nothing held: cameras are as far from the first as they were.
  private mutating func keepScale(_ used: [Int], _ before: [SE3]) {
    func extent(_ poses: [SE3]) -> Double {
      let centres = poses.map(\.inverse.translation)
      return centres.reduce(0) { $0 + ($1 - centres[0]).norm }
    }
    let scale = extent(before) / extent(used.map { keyFrames[$0].cameraFromWorld })
    guard scale.isFinite, scale > 0 else { return }
    for index in keyFrames.indices { keyFrames[index].cameraFromWorld.translation *= scale }
    for identifier in points.identifiers { points[identifier]?.position *= scale }
  }

  /// Removes observations that do not fit, and points that fewer than two key frames see.
  private mutating func cull(_ identifiers: [Int], _ camera: CameraModel) {
    for identifier in identifiers {
      guard var point = points[identifier] else { continue }
      point.observations.removeAll { observation in
        guard let pixel = camera.project(keyFrames[observation.keyFrame].cameraFromWorld * point.position) else {
          return true
        }
        let residual = pixel - observation.pixel
        return (residual * residual).sum() > 9
      }
      points[identifier] = point.observations.count >= 2 ? point : nil
    }
  }
}

extension SLAMMap {
  /// What others may know of it.
  func snapshot(map: Int, camera: CameraModel, run: Int) -> SLAMSnapshot {
    SLAMSnapshot(
      map: map, camera: camera,
      keyFrames: keyFrames.map {
        SLAMSnapshot.KeyFrame(
          frameNumber: $0.number, nanos: $0.nanos, worldFromCamera: $0.cameraFromWorld.inverse,
          earlierRun: $0.run == run ? nil : $0.run)
      },
      points: points.identifiers.compactMap { identifier in
        points[identifier].map { point in
          SLAMSnapshot.Point(
            landmark: .init(identifier: identifier, position: point.position),
            observations: point.observations.map { .init(keyFrame: $0.keyFrame, pixel: $0.pixel) })
        }
      })
  }
}
