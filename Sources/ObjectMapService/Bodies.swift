internal import BusMessages
internal import Geometry
internal import MediaModel
internal import ObjectMapping

extension ObjectSighting {
  /// `nil` for what is no box.
  init?(_ object: ProcessedFrame.Object) {
    guard object.box.count == 4, object.box.allSatisfy({ $0.isFinite && abs($0) < 1e6 }) else { return nil }
    var mask: RunLengthMask?
    if let told = object.mask, told.size.count == 2, (1...16_384).contains(told.size[0]),
      (1...16_384).contains(told.size[1])
    {
      mask = RunLengthMask(
        resolution: Resolution(width: told.size[1], height: told.size[0]), counts: told.counts)
    }
    self.init(
      track: object.id, label: object.label, score: object.score,
      box: SIMD4(object.box[0], object.box[1], object.box[2], object.box[3]), mask: mask,
      isMeasured: object.sighting != "predicted")
  }

  init(_ object: TrackedObject) {
    self.init(
      track: object.id, label: object.label, score: Double(object.score), box: SIMD4<Double>(object.box),
      mask: object.mask, isMeasured: object.sighting != .predicted)
  }
}

extension WorldObjects.Object {
  init(_ object: MappedObject) {
    self.init(
      id: object.id, label: object.label, trackIDs: object.tracks, position: Self.rounded(object.position, 1e4),
      covariance: object.covariance.rowMajor, method: object.method.rawValue, metric: object.isMetric,
      wgs84: object.place.map {
        .init(
          latitude: Self.rounded($0.latitudeDegrees, 1e9), longitude: Self.rounded($0.longitudeDegrees, 1e9),
          altitude: Self.rounded($0.altitudeMetres, 1e3))
      }, velocity: Self.rounded(object.velocity, 1e4), firstSeen: Double(object.firstSeen) / 1e9,
      lastSeen: Double(object.lastSeen) / 1e9, observations: object.observations,
      size: [Self.rounded(object.size.x, 1e3), Self.rounded(object.size.y, 1e3)],
      covarianceENU: object.placeCovariance?.rowMajor, map: object.map)
  }

  private static func rounded(_ v: SIMD3<Double>, _ steps: Double) -> [Double] {
    [v.x, v.y, v.z].map { rounded($0, steps) }
  }

  private static func rounded(_ value: Double, _ steps: Double) -> Double { (value * steps).rounded() / steps }
}

extension Matrix3 {
  /// Row by row, to a millionth.
  var rowMajor: [Double] {
    (0..<3).flatMap { row in (0..<3).map { (self[row, $0] * 1e6).rounded() / 1e6 } }
  }
}

extension SE3 {
  /// `nil` for what is no rigid motion.
  init?(rows: [[Double]]) {
    guard rows.count == 4, rows.allSatisfy({ $0.count == 4 && $0.allSatisfy(\.isFinite) }) else { return nil }
    let matrix = Matrix3(
      rows: SIMD3(rows[0][0], rows[0][1], rows[0][2]), SIMD3(rows[1][0], rows[1][1], rows[1][2]),
      SIMD3(rows[2][0], rows[2][1], rows[2][2]))
    guard abs(matrix.determinant - 1) < 0.01 else { return nil }
    self.init(rotation: SO3(matrix: matrix), translation: SIMD3(rows[0][3], rows[1][3], rows[2][3]))
  }
}

extension Sim3 {
  /// `nil` for what is no similarity.
  init?(_ body: CameraPose.Similarity) {
    let (q, t) = (body.rotation, body.translation)
    guard q.count == 4, t.count == 3, (q + t).allSatisfy(\.isFinite), body.scale.isFinite, body.scale > 0,
      q.reduce(0, { $0 + $1 * $1 }) > 0.5
    else { return nil }
    self.init(
      scale: body.scale, rotation: SO3(x: q[0], y: q[1], z: q[2], w: q[3]), translation: SIMD3(t[0], t[1], t[2]))
  }
}

extension CameraModel {
  /// `nil` for what is no lens.
  init?(_ lens: CameraPose.Lens) {
    let numbers = [lens.fx, lens.fy, lens.cx, lens.cy] + lens.distortion
    guard lens.distortion.count == 4, numbers.allSatisfy(\.isFinite), lens.fx > 0, lens.fy > 0,
      (1...16_384).contains(lens.width), (1...16_384).contains(lens.height)
    else { return nil }
    let (focal, centre, k) = (SIMD2(lens.fx, lens.fy), SIMD2(lens.cx, lens.cy), lens.distortion)
    if lens.model.hasPrefix("fisheye") {
      self = .fisheye(
        FisheyeCamera(
          focalLength: focal, principalPoint: centre, distortion: SIMD4(k[0], k[1], k[2], k[3]), width: lens.width,
          height: lens.height))
    } else {
      self = .pinhole(
        PinholeCamera(
          focalLength: focal, principalPoint: centre, distortion: .init(k1: k[0], k2: k[1], p1: k[2], p2: k[3]),
          width: lens.width, height: lens.height))
    }
  }
}

extension MapPlacement.Earth {
  init?(_ body: CameraPose.Earth, worldFromMap: Sim3) {
    guard let enuFromWorld = Sim3(body.enuFromWorld), body.deviation.isFinite, body.headingDeviation.isFinite,
      abs(body.origin.latitude) <= 90, abs(body.origin.longitude) <= 360, abs(body.origin.altitude) < 1e6
    else { return nil }
    let origin = GeodeticPosition(
      latitudeDegrees: body.origin.latitude, longitudeDegrees: body.origin.longitude,
      altitudeMetres: body.origin.altitude)
    self.init(
      plane: LocalTangentPlane(origin: origin), enuFromMap: enuFromWorld * worldFromMap, deviation: body.deviation,
      headingDeviation: body.headingDeviation)
  }
}
