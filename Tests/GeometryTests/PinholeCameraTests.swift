import Geometry
import Testing

@Suite struct PinholeCameraTests {
  /// EuRoC's left camera, and one with strong tangential terms.
  static let cameras = [
    PinholeCamera(
      focalLength: SIMD2(458.654, 457.296), principalPoint: SIMD2(367.215, 248.375),
      distortion: .init(k1: -0.28340811, k2: 0.07395907, p1: 0.00019359, p2: 1.76187114e-05), width: 752, height: 480),
    PinholeCamera(
      focalLength: SIMD2(698.86, 699.13), principalPoint: SIMD2(306.91, 150.34),
      distortion: .init(k1: 0.191887, k2: -0.56368, p1: -0.003676, p2: -0.002037), width: 640, height: 360),
    PinholeCamera(focalLength: SIMD2(832, 832), principalPoint: SIMD2(639.5, 359.5), width: 1280, height: 720),
  ]

  @Test(arguments: cameras) func unprojectInvertsProject(camera: PinholeCamera) throws {
    for x in stride(from: 0.0, to: Double(camera.width), by: 37) {
      for y in stride(from: 0.0, to: Double(camera.height), by: 31) {
        let ray = try #require(camera.unproject(SIMD2(x, y)))
        let pixel = try #require(camera.project(ray * 7.5))
        #expect(abs(pixel.x - x) < 1e-6 && abs(pixel.y - y) < 1e-6)
      }
    }
  }

  @Test func projectsAsOpenCVDoes() throws {
    // cv2.projectPoints([[0.3, -0.2, 1.0]], 0, 0, K, D) with the first camera.
    let pixel = try #require(Self.cameras[0].project(SIMD3(0.3, -0.2, 1)))
    #expect(abs(pixel.x - 499.90557) < 1e-4 && abs(pixel.y - 160.18874) < 1e-4)
  }

  @Test func nothingBehindIsSeen() {
    for camera in Self.cameras {
      #expect(camera.project(SIMD3(0, 0, -1)) == nil)
      #expect(camera.project(SIMD3(1, 1, 0)) == nil)
      #expect(camera.project(SIMD3(0, 0, 2)) == camera.principalPoint)
    }
  }

  @Test func doesNotInventRaysBeyondTheFold() {
    // With k1 < 0 alone, radii grow to 2/(3√(3·|k1|)) and no further.
    let distortion = RadialTangentialDistortion(k1: -0.3, k2: 0, p1: 0, p2: 0)
    #expect(distortion.undistort(SIMD2(0.6, 0)) != nil)
    #expect(distortion.undistort(SIMD2(0.8, 0)) == nil)
    #expect(distortion.undistort(SIMD2(2.5, 0)) == nil)
  }

  @Test func pixelsReachHalfAPixelBeyondTheirCentres() {
    let camera = Self.cameras[2]
    #expect(camera.contains(pixel: SIMD2(-0.5, 719.4)))
    #expect(!camera.contains(pixel: SIMD2(-0.6, 10)))
    #expect(!camera.contains(pixel: SIMD2(1279.5, 10)))
  }
}

@Suite struct WGS84Tests {
  @Test func knownPlaces() {
    // Equator and pole are the semi-axes; the third is from the EPSG guidance note 7-2, example of 9602.
    let equator = GeodeticPosition(latitudeDegrees: 0, longitudeDegrees: 0, altitudeMetres: 0).earthCentred
    #expect((equator - SIMD3(6_378_137, 0, 0)).norm < 1e-6)
    let pole = GeodeticPosition(latitudeDegrees: 90, longitudeDegrees: 0, altitudeMetres: 0).earthCentred
    #expect((pole - SIMD3(0, 0, 6_356_752.314245)).norm < 1e-5)
    let sea = GeodeticPosition(
      latitudeDegrees: 53 + 48.0 / 60 + 33.82 / 3600, longitudeDegrees: 2 + 7.0 / 60 + 46.38 / 3600,
      altitudeMetres: 73)
    #expect((sea.earthCentred - SIMD3(3_771_793.968, 140_253.342, 5_124_304.349)).norm < 0.01)
  }

  @Test func earthCentredReadsBack() {
    for latitude in stride(from: -90.0, through: 90, by: 7.5) {
      for longitude in stride(from: -179.0, through: 180, by: 35.9) {
        for altitude in [-5000.0, 0, 120, 9000, 400_000] {
          let place = GeodeticPosition(
            latitudeDegrees: latitude, longitudeDegrees: longitude, altitudeMetres: altitude)
          let back = GeodeticPosition(earthCentred: place.earthCentred)
          #expect((back.earthCentred - place.earthCentred).norm < 1e-6)
          #expect(abs(back.altitudeMetres - altitude) < 1e-6)
          #expect(abs(back.latitudeDegrees - latitude) < 1e-10)
        }
      }
    }
  }

  @Test func tangentPlaneIsEastNorthUp() {
    let origin = GeodeticPosition(latitudeDegrees: 47.397742, longitudeDegrees: 8.545594, altitudeMetres: 488)
    let plane = LocalTangentPlane(origin: origin)
    let east = plane.geodetic(fromLocal: SIMD3(100, 0, 0))
    #expect(
      east.longitudeDegrees > origin.longitudeDegrees && abs(east.latitudeDegrees - origin.latitudeDegrees) < 1e-7)
    let north = plane.geodetic(fromLocal: SIMD3(0, 100, 0))
    #expect(
      north.latitudeDegrees > origin.latitudeDegrees && abs(north.longitudeDegrees - origin.longitudeDegrees) < 1e-9)
    #expect(abs(plane.geodetic(fromLocal: SIMD3(0, 0, 100)).altitudeMetres - 588) < 1e-6)
    for point in [SIMD3(120.0, -340, 55), SIMD3(-2000, 900, -20), .zero] {
      #expect((plane.local(from: plane.geodetic(fromLocal: point)) - point).norm < 1e-6)
    }
  }
}
