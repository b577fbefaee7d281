import Geometry
import InertialAlignment
import Testing

@Suite struct NormalGravityTests {
  /// Equator, 45° and poles after NIMA TR8350.2; a thousand metres take 0.0031 off.
  @Test(arguments: [
    (0.0, 0.0, 9.780_325), (45, 0, 9.806_198), (90, 0, 9.832_185), (-90, 0, 9.832_185), (45, 1000, 9.803_112),
  ])
  func isThatOfTheEllipsoid(latitude: Double, altitude: Double, expected: Double) {
    let place = GeodeticPosition(latitudeDegrees: latitude, longitudeDegrees: 8, altitudeMetres: altitude)
    #expect(abs(NormalGravity.magnitude(at: place) - expected) < 1e-6)
  }
}
