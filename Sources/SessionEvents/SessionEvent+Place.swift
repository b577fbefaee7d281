public import BusMessages
public import Geometry
public import MediaModel

extension SessionEvent {
  /// Where an object is in the world.
  public struct Place: Hashable, Sendable {
    /// Stays the same as long as the object is kept; never used again in one run.
    public var object: Int
    public var label: String
    /// In the axes of poses: metres with z up where these are.
    public var position: SIMD3<Double>
    /// One standard deviation of it along each axis; `nil`: not known.
    public var deviation: SIMD3<Double>?
    /// Half of its size along each axis; `nil`: not known.
    public var halfSize: SIMD3<Double>?
    /// Places of two maps have nothing in common, but that on Earth.
    public var map: Int
    /// When it was last seen.
    public var seenAt: WallTime?
    /// Where on Earth, when that is known.
    public var earth: GeodeticPosition?
    /// Radius around the place on Earth in which it is with at least 68 %.
    public var horizontalErrorMetres: Double?
    /// One standard deviation of its height.
    public var verticalErrorMetres: Double?

    public init(
      object: Int, label: String, position: SIMD3<Double>, deviation: SIMD3<Double>? = nil,
      halfSize: SIMD3<Double>? = nil, map: Int = 0, seenAt: WallTime? = nil, earth: GeodeticPosition? = nil,
      horizontalErrorMetres: Double? = nil, verticalErrorMetres: Double? = nil
    ) {
      self.object = object
      self.label = label
      self.position = position
      self.deviation = deviation
      self.halfSize = halfSize
      self.map = map
      self.seenAt = seenAt
      self.earth = earth
      self.horizontalErrorMetres = horizontalErrorMetres
      self.verticalErrorMetres = verticalErrorMetres
    }

    /// What a message of ``Topic/worldObjects`` says of one object; `nil` where its position is none.
    public init?(_ object: WorldObjects.Object) {
      guard object.position.count == 3, object.position.allSatisfy(\.isFinite) else { return nil }
      self.init(
        object: object.id, label: object.label,
        position: SIMD3(object.position[0], object.position[1], object.position[2]),
        deviation: Self.deviation(object.covariance), halfSize: Self.halfSize(object), map: object.map ?? 0)
      if object.lastSeen > 0, object.lastSeen < 9e9 {
        seenAt = WallTime(nanosSince1970: Int64((object.lastSeen * 1e9).rounded()))
      }
      guard let place = object.wgs84, abs(place.latitude) <= 90, abs(place.longitude) <= 180, place.altitude.isFinite
      else { return }
      earth = GeodeticPosition(
        latitudeDegrees: place.latitude, longitudeDegrees: place.longitude, altitudeMetres: place.altitude)
      if let covariance = object.covarianceENU { setErrors(covariance) }
    }

    /// As wide as deep, since only its width and height are seen. Without metres the axes are those of a camera, y down.
    private static func halfSize(_ object: WorldObjects.Object) -> SIMD3<Double>? {
      guard object.size.count == 2, object.size.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
      let (width, height) = (object.size[0] / 2, object.size[1] / 2)
      return object.metric ? SIMD3(width, width, height) : SIMD3(width, height, width)
    }

    /// - Parameter covariance: 3 × 3, row by row.
    private static func deviation(_ covariance: [Double]) -> SIMD3<Double>? {
      guard covariance.count == 9 else { return nil }
      let variances = SIMD3(covariance[0], covariance[4], covariance[8])
      guard (0..<3).allSatisfy({ variances[$0].isFinite && variances[$0] >= 0 }) else { return nil }
      return variances.squareRoot()
    }

    /// - Parameter covariance: east, north, up, m²: 3 × 3, row by row.
    private mutating func setErrors(_ covariance: [Double]) {
      guard covariance.count == 9, covariance.allSatisfy(\.isFinite) else { return }
      let (east, north, mixed) = (covariance[0], covariance[4], covariance[1])
      guard east >= 0, north >= 0, covariance[8] >= 0 else { return }
      // The longer axis of the ellipse. Around a round one, 68 % are within 1.51 standard deviations: the Rayleigh
      // distribution, 1 − exp(−r²/2σ²) = 0.68; around a flat one more.
      let half = (east - north) / 2
      let largest = (east + north) / 2 + (half * half + mixed * mixed).squareRoot()
      horizontalErrorMetres = 1.51 * largest.squareRoot()
      verticalErrorMetres = covariance[8].squareRoot()
    }
  }
}
