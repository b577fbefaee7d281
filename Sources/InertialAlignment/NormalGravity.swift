public import Geometry

/// How strongly things fall at a place on Earth.
public enum NormalGravity {
  /// The magnitude of gravity on the ellipsoid, less what height takes off; local masses change it by some 0.001.
  /// Source: Somigliana 1929, with the constants of WGS 84 (NIMA TR8350.2, §4.2), and the free-air gradient.
  /// - Returns: m/s²
  public static func magnitude(at place: GeodeticPosition) -> Double {
    let s = sine(place.latitudeDegrees * .pi / 180)
    let onEllipsoid =
      9.780_325_335_9 * (1 + 0.001_931_852_652_41 * s * s) / (1 - WGS84.eccentricitySquared * s * s).squareRoot()
    return onEllipsoid - 3.086e-6 * place.altitudeMetres
  }
}
