internal import Geometry
import InertialAlignment
import MapFormats
internal import MediaModel

/// Ties a map to the world: metres and the vertical by the motion sensors, its place on Earth by satellite.
struct MapAlignment {
  /// What is known of a map at one moment.
  struct Placement: Hashable {
    /// How far lengths can be trusted.
    var quality = AlignmentQuality.unknown
    /// Metric axes, z up, from those of the map; the identity unless `quality` is trustworthy.
    var metricFromWorld = Sim3.identity
    var reference: GeoReference?
    /// Satellite fixes while the camera's path is known; `nil` where there are none at all.
    var fixCount: Int?

    /// What is known of the place on Earth.
    var earth: SLAMResult.Earth {
      guard let reference else {
        return fixCount.map { $0 < GeoReference.minimalFixes ? .fewFixes : .uncertain } ?? .noFixes
      }
      return reference.quality == .trustworthy ? .known : .uncertain
    }

    /// A pose of the map in the axes that leave SLAM.
    func placed(_ worldFromCamera: SE3) -> SE3 { metricFromWorld.moved(worldFromCamera) }

    /// Where on earth something is, when that can be trusted.
    func position(of pointInWorld: SIMD3<Double>) -> GeodeticPosition? {
      guard let reference, reference.quality == .trustworthy else { return nil }
      return reference.position(of: pointInWorld)
    }
  }

  /// Maps of earlier runs that are placed already, by number: what is known of them stays.
  private var earlier: [Int: Placement] = [:]
  private let options: InertialOptions
  /// Samples ahead of the frames, from `next` on.
  private var ahead: [IMUSample] = []
  private var next = 0
  /// Samples up to the frames, the newest.
  private var samples: [IMUSample] = []
  private var fixes: [GPSSample] = []
  private var aligner: InertialAligner
  private var map = -1
  private(set) var placement = Placement()

  /// An hour at 200 Hz.
  private static let maximalSamples = 720_000
  /// More than ten hours at one a second.
  private static let maximalFixes = 40_000
  /// Samples this much later than a frame may belong to it, when the clocks differ.
  private static let slack: Int64 = 600_000_000

  init(camera: CameraDescription?) {
    options = Self.options(camera)
    aligner = InertialAligner(options: options)
  }

  private static func options(_ camera: CameraDescription?) -> InertialOptions {
    var options = InertialOptions(imuFromCamera: camera?.imuFromCamera)
    options.expectedTimeOffset = camera?.imuTimeOffset ?? 0
    if let noise = camera?.imuNoise {
      // Data sheets tell of a sensor at rest; in use there are vibrations and biases that wander. Much more would let
      // the camera's own drift decide.
      options.noise = InertialNoise(
        gyroscopeDensity: 1.5 * noise.gyroNoiseDensity, accelerometerDensity: 3 * noise.accelNoiseDensity)
    }
    return options
  }

  /// Notes where a map lies that was made before.
  mutating func place(_ placement: Placement, ofMap map: Int) { earlier[map] = placement }

  /// What is known of a map of an earlier run, or of the present map.
  func placement(ofMap map: Int) -> Placement { map == self.map ? placement : earlier[map] ?? Placement() }

  /// With gravity as it is where satellites say the camera is.
  private var localOptions: InertialOptions {
    guard let fix = fixes.first else { return options }
    let gravity = NormalGravity.magnitude(
      at: GeodeticPosition(
        latitudeDegrees: fix.latitudeDegrees, longitudeDegrees: fix.longitudeDegrees,
        altitudeMetres: fix.altitudeMetres))
    // Of a fix that is no place on Earth nothing follows.
    guard (9.7...9.9).contains(gravity) else { return options }
    var local = options
    local.gravityMagnitude = gravity
    return local
  }

  /// Takes readings of the sensors, in the order of their times.
  mutating func add(_ motion: [MotionSample]) {
    for sample in motion {
      switch sample {
      case .inertial(let reading): ahead.append(reading)
      case .position(let fix): fixes.append(fix)
      }
    }
    if fixes.count > Self.maximalFixes { fixes.removeFirst(Self.maximalFixes / 8) }
  }

  /// Notes where the camera was, and whether an estimate is due: then `estimate` is to be called.
  mutating func follow(nanos: Int64, map: Int, worldFromCamera: SE3?) -> Bool {
    if map != self.map {
      self.map = map
      aligner = InertialAligner(options: localOptions)
      placement = earlier[map] ?? Placement()
      for sample in samples.suffix(Self.maximalSamples / 8) { aligner.add(sample) }
    }
    let limit = nanos + Self.slack + Int64(options.expectedTimeOffset * 1e9)
    while next < ahead.count, ahead[next].timestampNanos <= limit {
      aligner.add(ahead[next])
      samples.append(ahead[next])
      next += 1
    }
    if next > ahead.count / 2 {
      ahead.removeFirst(next)
      next = 0
    }
    if samples.count > Self.maximalSamples { samples.removeFirst(Self.maximalSamples / 8) }
    guard let worldFromCamera else { return false }
    aligner.add(TimedPose(nanos: nanos, worldFromCamera: worldFromCamera))
    let known = earlier[map] ?? Placement()
    let asksSamples = known.quality != .trustworthy && !samples.isEmpty
    return aligner.isEstimateDue && (asksSamples || (known.earth != .known && !fixes.isEmpty))
  }

  /// From when on poses take part in an estimate at a time: all of them where satellites tell the place.
  func pathStart(at nanos: Int64) -> Int64 { fixes.isEmpty ? nanos - Int64(aligner.window * 1e9) : .min }

  /// Estimates anew from the poses of the present map since ``pathStart(at:)``, as they are known now.
  mutating func estimate(_ poses: [TimedPose]) {
    aligner.replacePoses(poses)
    _ = aligner.estimate()
    // What was trustworthy once stays so: a camera that hovers afterwards tells nothing against it.
    placement = Self.placement(aligner.alignment, poses, fixes, earlier[map])
  }

  /// What all poses of a map, and all samples, tell in the end.
  func final(_ poses: [TimedPose], ofMap map: Int) -> Placement {
    let all = earlier[map]?.quality == .trustworthy ? [] : samples + ahead[next...]
    let whole = all.isEmpty ? nil : InertialAlignment.estimate(poses: poses, samples: all, options: localOptions)
    return Self.placement(whole, poses, fixes, earlier[map])
  }

  private static func placement(
    _ alignment: MetricAlignment?, _ path: [TimedPose], _ fixes: [GPSSample], _ earlier: Placement?
  ) -> Placement {
    var placement = Placement(quality: alignment?.quality ?? .unknown)
    var metric = placement.quality == .trustworthy ? alignment?.metricFromWorld : nil
    if let earlier, earlier.quality == .trustworthy {
      (placement.quality, metric) = (.trustworthy, earlier.metricFromWorld)
    }
    placement.metricFromWorld = metric ?? .identity
    if !fixes.isEmpty, let first = path.first?.nanos, let last = path.last?.nanos {
      placement.fixCount = fixes.count { (first...max(first, last)).contains($0.timestampNanos) }
    }
    if let earlier, earlier.earth == .known {
      placement.reference = earlier.reference
    } else if !fixes.isEmpty {
      placement.reference = GeoReference.estimate(poses: path, fixes: fixes, metricFromWorld: metric)
    }
    return placement
  }
}
