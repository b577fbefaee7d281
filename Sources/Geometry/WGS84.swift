/// The World Geodetic System of 1984, the ellipsoid of satellite navigation.
public enum WGS84 {
  /// Semi-major axis, metres.
  public static let semiMajorAxis = 6_378_137.0
  public static let flattening = 1 / 298.257223563
  /// Square of the first eccentricity.
  public static let eccentricitySquared = flattening * (2 - flattening)
}

/// A place by latitude, longitude and height above the WGS 84 ellipsoid.
public struct GeodeticPosition: Hashable, Sendable {
  public var latitudeDegrees: Double
  public var longitudeDegrees: Double
  public var altitudeMetres: Double

  public init(latitudeDegrees: Double, longitudeDegrees: Double, altitudeMetres: Double) {
    self.latitudeDegrees = latitudeDegrees
    self.longitudeDegrees = longitudeDegrees
    self.altitudeMetres = altitudeMetres
  }

  /// The same place in Earth-centred, Earth-fixed coordinates, metres.
  public var earthCentred: SIMD3<Double> {
    let (sinLat, cosLat) = sineAndCosine(latitudeDegrees * .pi / 180)
    let (sinLon, cosLon) = sineAndCosine(longitudeDegrees * .pi / 180)
    let normal = WGS84.semiMajorAxis / (1 - WGS84.eccentricitySquared * sinLat * sinLat).squareRoot()
    let equatorial = (normal + altitudeMetres) * cosLat
    return SIMD3(
      equatorial * cosLon, equatorial * sinLon,
      (normal * (1 - WGS84.eccentricitySquared) + altitudeMetres) * sinLat)
  }

  /// The place of an Earth-centred point, exact to well below a millimetre from −10 km to 1,000 km of height.
  ///
  /// Bowring's formula (1985) followed by fixed-point steps on the latitude, which contract by about 1/150 each.
  public init(earthCentred p: SIMD3<Double>) {
    let e2 = WGS84.eccentricitySquared
    let semiMinor = WGS84.semiMajorAxis * (1 - WGS84.flattening)
    let equatorial = (p.x * p.x + p.y * p.y).squareRoot()
    let reduced = arcTangent(p.z * WGS84.semiMajorAxis, equatorial * semiMinor)
    let (sinReduced, cosReduced) = sineAndCosine(reduced)
    var latitude = arcTangent(
      p.z + e2 / (1 - e2) * semiMinor * sinReduced * sinReduced * sinReduced,
      equatorial - e2 * WGS84.semiMajorAxis * cosReduced * cosReduced * cosReduced)
    for _ in 0..<3 {
      let sine = sineAndCosine(latitude).sine
      let normal = WGS84.semiMajorAxis / (1 - e2 * sine * sine).squareRoot()
      latitude = arcTangent(p.z + e2 * normal * sine, equatorial)
    }
    let (sine, cosine) = sineAndCosine(latitude)
    let inverseNormal = (1 - e2 * sine * sine).squareRoot()
    // This form of the height has no singularity, neither at the poles nor at the equator.
    altitudeMetres = equatorial * cosine + p.z * sine - WGS84.semiMajorAxis * inverseNormal
    latitudeDegrees = latitude * 180 / .pi
    longitudeDegrees = arcTangent(p.y, p.x) * 180 / .pi
  }
}

/// The plane that touches the ellipsoid at an origin: x east, y north, z up, metres.
public struct LocalTangentPlane: Hashable, Sendable {
  public let origin: GeodeticPosition
  /// Earth-centred from local.
  public let earthFromLocal: SE3

  public init(origin: GeodeticPosition) {
    self.origin = origin
    let (sinLat, cosLat) = sineAndCosine(origin.latitudeDegrees * .pi / 180)
    let (sinLon, cosLon) = sineAndCosine(origin.longitudeDegrees * .pi / 180)
    let east = SIMD3(-sinLon, cosLon, 0)
    let north = SIMD3(-sinLat * cosLon, -sinLat * sinLon, cosLat)
    let up = SIMD3(cosLat * cosLon, cosLat * sinLon, sinLat)
    earthFromLocal = SE3(rotation: SO3(matrix: Matrix3(east, north, up)), translation: origin.earthCentred)
  }

  /// The geodetic position of a local point.
  public func geodetic(fromLocal point: SIMD3<Double>) -> GeodeticPosition {
    GeodeticPosition(earthCentred: earthFromLocal * point)
  }

  /// The local coordinates of a geodetic position.
  public func local(from position: GeodeticPosition) -> SIMD3<Double> {
    earthFromLocal.inverse * position.earthCentred
  }
}
