public import Geometry
import LinearAlgebra
public import MediaModel

/// Where a map lies on Earth.
public struct GeoReference: Hashable, Sendable {
  /// East, north, up at the first fix that was used.
  public let plane: LocalTangentPlane
  /// Takes points of the map to east, north and up, metres.
  public let enuFromWorld: Sim3
  /// What the fixes are off by, one horizontal axis, metres; by their median, so outliers do not count.
  public let residual: Double
  /// One standard deviation of the heading, radians.
  public let headingDeviation: Double
  public let quality: AlignmentQuality

  public init(
    plane: LocalTangentPlane, enuFromWorld: Sim3, residual: Double, headingDeviation: Double, quality: AlignmentQuality
  ) {
    self.plane = plane
    self.enuFromWorld = enuFromWorld
    self.residual = residual
    self.headingDeviation = headingDeviation
    self.quality = quality
  }

  /// The place on Earth of a point of the map.
  public func position(of pointInWorld: SIMD3<Double>) -> GeodeticPosition {
    plane.geodetic(fromLocal: enuFromWorld * pointInWorld)
  }

  /// Fixes without which nothing is said.
  public static let minimalFixes = 5

  /// Lays a path on the fixes of a receiver that moved with the camera.
  ///
  /// - Parameters:
  ///   - poses: of one map.
  ///   - fixes: with times on the clock of the poses.
  ///   - metricFromWorld: scale and upright axes where an IMU told them (``MetricAlignment``): then only heading and
  ///     place are found. Without, scale and attitude come from the fixes as well, which takes a path that is no line.
  /// - Returns: `nil` for fewer than five usable fixes. `unknown` where the path is short against their accuracy.
  public static func estimate(
    poses: [TimedPose], fixes: [GPSSample], metricFromWorld: Sim3? = nil
  ) -> GeoReference? {
    let usable = fixes.filter(\.isUsable).sorted { $0.timestampNanos < $1.timestampNanos }
    guard let base = poses.first(where: \.isPlausible)?.nanos else { return nil }
    let keys = KeyPose.sorted(poses, base: base)
    let start = metricFromWorld ?? .identity
    var pairs: [GeoPair] = []
    var plane: LocalTangentPlane?
    for fix in usable {
      let time = seconds(fix.timestampNanos, since: base)
      guard let point = KeyPose.position(keys, at: time) else { continue }
      let tangent = plane ?? LocalTangentPlane(origin: fix.position)
      plane = tangent
      pairs.append(
        GeoPair(
          time: time, map: start * point, enu: tangent.local(from: fix.position),
          deviation: max(0.05, fix.accuracyMetres)))
    }
    guard let plane, pairs.count >= minimalFixes,
      let fit = GeoFit(pairs, keepsUpright: metricFromWorld != nil)
    else { return nil }
    return GeoReference(
      plane: plane, enuFromWorld: fit.enuFromMap * start, residual: fit.residual,
      headingDeviation: fit.headingDeviation, quality: fit.quality)
  }
}

/// A point of a path, and where a receiver says it is.
struct GeoPair {
  var time: Double
  var map: SIMD3<Double>
  /// East, north, up.
  var enu: SIMD3<Double>
  var deviation: Double
}

/// The similarity, or turn about the vertical, that lays points on fixes: weighted by their accuracy, with Huber's
/// weights against outliers. After Umeyama 1991.
struct GeoFit {
  private(set) var enuFromMap = Sim3.identity
  private(set) var residual = 0.0
  private(set) var headingDeviation = Double.infinity
  private(set) var quality = AlignmentQuality.unknown

  /// Altitudes of receivers err about twice as much as their places.
  private static let verticalRatio = 2.0
  /// Fixes within this time err by about the same, seconds.
  private static let correlationTime = 10.0

  init?(_ pairs: [GeoPair], keepsUpright: Bool) {
    var weights = pairs.map { 1 / ($0.deviation * $0.deviation) }
    for _ in 0..<15 {
      guard let next = Self.fit(pairs, weights, keepsUpright) else { return nil }
      enuFromMap = next
      weights = pairs.map { pair in
        let error = horizontal(next * pair.map - pair.enu) / pair.deviation
        return min(1, 1.5 / max(1e-9, error)) / (pair.deviation * pair.deviation)
      }
    }
    judge(pairs, keepsUpright)
  }

  private static func fit(_ pairs: [GeoPair], _ weights: [Double], _ keepsUpright: Bool) -> Sim3? {
    let total = weights.reduce(0, +)
    let mapMean = zip(pairs, weights).reduce(.zero) { $0 + $1.1 * $1.0.map } / total
    let enuMean = zip(pairs, weights).reduce(.zero) { $0 + $1.1 * $1.0.enu } / total
    var correlation = Matrix3.zero
    var variance = 0.0
    for (pair, weight) in zip(pairs, weights) {
      let (map, enu) = (pair.map - mapMean, weight * (pair.enu - enuMean))
      correlation = correlation + Matrix3(map.x * enu, map.y * enu, map.z * enu)
      variance += weight * map.dot(map)
    }
    guard variance > 0, variance.isFinite else { return nil }
    if keepsUpright {
      let yaw = arcTangent(correlation[1, 0] - correlation[0, 1], correlation[0, 0] + correlation[1, 1])
      let rotation = SO3(angle: yaw, axis: SIMD3(0, 0, 1))
      return Sim3(scale: 1, rotation: rotation, translation: enuMean - rotation * mapMean)
    }
    guard let rotation = procrustesRotation(correlation) else { return nil }
    let scale = (rotation.matrix.transposed * correlation).trace / variance
    guard scale > 0, scale.isFinite else { return nil }
    return Sim3(scale: scale, rotation: rotation, translation: enuMean - scale * (rotation * mapMean))
  }

  /// How long the path is against what the fixes err by, and whether they lie where they should.
  private mutating func judge(_ pairs: [GeoPair], _ keepsUpright: Bool) {
    let count = Double(pairs.count)
    let points = pairs.map { enuFromMap * $0.map }
    let errors = zip(points, pairs).map { horizontal($0 - $1.enu) }
    // The median of a length of two normal components is 1.177 of their deviation.
    residual = errors.sorted()[errors.count / 2] / 1.177
    let typical = pairs.map(\.deviation).sorted()[pairs.count / 2]
    let deviation = max(typical, residual)
    let independent = min(count, 1 + (pairs[pairs.count - 1].time - pairs[0].time) / Self.correlationTime)

    let mean = points.reduce(.zero, +) / count
    let offsets = points.map { $0 - mean }
    let length = (offsets.reduce(0) { $0 + $1.x * $1.x + $1.y * $1.y } / count).squareRoot()
    headingDeviation = length > 0 ? deviation / (length * independent.squareRoot()) : .infinity
    quality = Self.grade(headingDeviation, 0.1, 0.35)
    if !keepsUpright {
      // The turn about the path's main direction hangs on its width.
      var spread = Matrix(rows: 3, columns: 3)
      for offset in offsets {
        for a in 0..<3 {
          for b in 0..<3 { spread[a, b] += offset[a] * offset[b] / count }
        }
      }
      let width = max(0, SymmetricEigen(spread).values[1]).squareRoot()
      let roll = width > 0 ? Self.verticalRatio * deviation / (width * independent.squareRoot()) : .infinity
      quality = min(quality, Self.grade(roll, 0.15, 0.5))
    }
    quality = min(quality, Self.grade(residual / typical, 3, 6))
  }

  private static func grade(_ value: Double, _ trustworthy: Double, _ uncertain: Double) -> AlignmentQuality {
    if value <= trustworthy { return .trustworthy }
    return value <= uncertain ? .uncertain : .unknown
  }
}

private func horizontal(_ v: SIMD3<Double>) -> Double { (v.x * v.x + v.y * v.y).squareRoot() }

extension GPSSample {
  fileprivate var position: GeodeticPosition {
    GeodeticPosition(
      latitudeDegrees: latitudeDegrees, longitudeDegrees: longitudeDegrees, altitudeMetres: altitudeMetres)
  }

  /// Whether it is a place on Earth at all.
  fileprivate var isUsable: Bool {
    abs(timestampNanos.clamped) < maximalNanos && abs(latitudeDegrees) <= 90 && abs(longitudeDegrees) <= 360
      && abs(altitudeMetres) < 1e5 && accuracyMetres.isFinite && accuracyMetres >= 0
      && accuracyMetres < 1000
  }
}

extension KeyPose {
  /// A position between poses that are no farther apart than a second.
  fileprivate static func position(_ keys: [KeyPose], at time: Double) -> SIMD3<Double>? {
    guard let first = keys.first, let last = keys.last, time >= first.time, time <= last.time else { return nil }
    var (low, high) = (0, keys.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if keys[middle].time <= time { low = middle } else { high = middle - 1 }
    }
    let a = keys[low]
    guard low + 1 < keys.count else { return a.worldFromCamera.translation }
    let b = keys[low + 1]
    guard b.time - a.time <= 1 else { return nil }
    let fraction = (time - a.time) / (b.time - a.time)
    return a.worldFromCamera.translation
      + fraction * (b.worldFromCamera.translation - a.worldFromCamera.translation)
  }
}
