import Geometry
import MediaModel
import Simulation
import Testing

/// Making a world takes a while; the tests share one. Each has a flight, and so a renderer, of its own.
private enum Shared {
  static let resolution = Resolution(width: 320, height: 180)
  static let world = FlightWorld(seed: 11)
  static func flight() -> FlightSimulation { FlightSimulation(world: world, resolution: resolution) }
}

private func bytes(of picture: Picture) -> [UInt8] {
  picture.withPlanes { luma, cb, cr in
    [luma, cb, cr].flatMap { plane in
      (0..<plane.height).flatMap {
        Array(UnsafeBufferPointer(start: plane.base + $0 * plane.stride, count: plane.width))
      }
    }
  }
}

@Suite struct FlightRendererTests {
  private let flight = Shared.flight()
  /// Moments on the ground, in the street, in the turn, on the orbit, high up and on the way back.
  private static let moments = [0, 450, 900, 1500, 2400, 3300, 4500, 5400, 6300, 7400]

  @Test func sameSeedSameBytes() {
    let other = FlightSimulation(seed: 11, resolution: Shared.resolution)
    for index in [0, 1500, 4501] {
      let frame = flight.renderFrame(index)
      let again = other.renderFrame(index)
      #expect(bytes(of: frame.picture) == bytes(of: again.picture))
      #expect(frame.objects == again.objects)
      #expect(frame.worldFromCamera == again.worldFromCamera)
    }
    let foreign = FlightSimulation(seed: 12, resolution: Shared.resolution)
    #expect(bytes(of: foreign.renderFrame(0).picture) != bytes(of: flight.renderFrame(0).picture))
  }

  @Test func framesDoNotDependOnTheirOrder() {
    let first = bytes(of: flight.renderFrame(900).picture)
    _ = flight.renderFrame(17)
    _ = flight.renderFrame(6300, listingObjects: false)
    #expect(bytes(of: flight.renderFrame(900).picture) == first)
    #expect(bytes(of: flight.renderFrame(901).picture) != first)
  }

  @Test(arguments: [(321, 181), (8, 8), (1, 1), (640, 2)]) func anySizeIsDrawn(width: Int, height: Int) {
    let small = FlightRenderer(
      world: flight.world, camera: FlightSimulation.camera(Resolution(width: width, height: height)))
    let picture = small.render(worldFromCamera: flight.path.state(at: 30).worldFromCamera, time: 30)
    #expect(picture.resolution == Resolution(width: width, height: height))
    #expect(!picture.isFullRange)
  }

  @Test(arguments: moments) func everyPixelIsInVideoRangeAndBelowTheHorizonThereIsGround(index: Int) throws {
    let frame = flight.renderFrame(index, listingObjects: false)
    let picture = bytes(of: frame.picture)
    let size = Shared.resolution
    #expect(picture.prefix(size.width * size.height).allSatisfy { (16...235).contains($0) })
    #expect(picture.dropFirst(size.width * size.height).allSatisfy { (16...240).contains($0) })
    var hairlines = 0
    for row in 0..<size.height {
      for column in 0..<size.width {
        let ray = try #require(flight.camera.unproject(SIMD2(Double(column), Double(row))))
        let depth = flight.depth(atColumn: column, row: row)
        let down = (frame.worldFromCamera.rotation * ray).z
        if down < -0.02 { #expect(depth.isFinite, "a hole at (\(column), \(row))") }
        guard depth.isFinite else { continue }
        let height = (frame.worldFromCamera * (ray * depth)).z
        #expect(height > -0.2)
        // The layer under the ground shows only through hairlines between pieces.
        if height < -0.06 { hairlines += 1 }
      }
    }
    #expect(hairlines <= size.width * size.height / 2000)
  }

  @Test(arguments: moments) func textureIsEverywhere(index: Int) {
    let picture = flight.renderFrame(index, listingObjects: false).picture
    var (flat, tiles) = (0, 0)
    picture.withPlanes { luma, _, _ in
      for top in stride(from: 24, to: luma.height - 12, by: 12) {
        for left in stride(from: 0, to: luma.width - 12, by: 12) {
          let values = (0..<144).map { Double(luma.base[(top + $0 / 12) * luma.stride + left + $0 % 12]) }
          let mean = values.reduce(0, +) / 144
          let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 144
          tiles += 1
          if variance < 3 { flat += 1 }
        }
      }
    }
    #expect(flat * 25 < tiles, "\(flat) of \(tiles) tiles are flat")
  }

  /// The tower's lower body is a box of known corners: what the camera sees of it lies where the geometry says.
  @Test(arguments: [2430, 2790, 3150, 3510]) func depthIsThatOfTheLandmark(index: Int) throws {
    let frame = flight.renderFrame(index)
    let (low, high) = flight.world.landmark
    let camera = frame.worldFromCamera
    var (onBox, matching) = (0, 0)
    for row in 0..<Shared.resolution.height {
      for column in 0..<Shared.resolution.width {
        let ray = try #require(flight.camera.unproject(SIMD2(Double(column), Double(row))))
        let direction = camera.rotation * ray
        let (near, far) = Self.crossing(from: camera.translation, along: direction, low: low, high: high)
        guard near > 0, near < far else { continue }
        onBox += 1
        let depth = flight.depth(atColumn: column, row: row)
        // Something may stand before the tower, but nothing is behind its walls.
        #expect(depth < near + 0.06)
        if abs(depth - near) < 0.01 * near { matching += 1 }
      }
    }
    #expect(onBox > 300, "the tower is in sight")
    #expect(matching * 10 > onBox * 6)
  }

  /// Where a ray enters and leaves a box, in multiples of `direction`.
  private static func crossing(
    from origin: SIMD3<Double>, along direction: SIMD3<Double>, low: SIMD3<Double>, high: SIMD3<Double>
  ) -> (Double, Double) {
    let (a, b) = ((low - origin) / direction, (high - origin) / direction)
    return (pointwiseMin(a, b).max(), pointwiseMax(a, b).min())
  }

  @Test(arguments: moments) func objectsAreThePixelsTheyCover(index: Int) throws {
    let frame = flight.renderFrame(index)
    let size = Shared.resolution
    var listed: [Int: Int] = [:]
    for object in frame.objects {
      #expect(object.area == object.mask.area && object.area > 0)
      let pixels = object.mask.pixels()
      var (columns, rows) = (Set<Int>(), Set<Int>())
      for (place, value) in pixels.enumerated() where value == 1 {
        let (column, row) = (place % size.width, place / size.width)
        columns.insert(column)
        rows.insert(row)
        #expect(flight.object(atColumn: column, row: row) == object.object)
        // It stands on the ground of the city, and is no taller than a bus.
        let ray = try #require(flight.camera.unproject(SIMD2(Double(column), Double(row))))
        let height = (frame.worldFromCamera * (ray * flight.depth(atColumn: column, row: row))).z
        #expect((-0.05...3.4).contains(height))
      }
      #expect(columns.min() == object.columns.lowerBound && columns.max() == object.columns.upperBound - 1)
      #expect(rows.min() == object.rows.lowerBound && rows.max() == object.rows.upperBound - 1)
      listed[object.object.id] = object.area
    }
    // Every pixel that shows a listed object is in its mask, so areas add up.
    var counted: [Int: Int] = [:]
    for row in 0..<size.height {
      for column in 0..<size.width {
        if let object = flight.object(atColumn: column, row: row) { counted[object.id, default: 0] += 1 }
      }
    }
    for (id, area) in counted where area >= 16 { #expect(listed[id] == area) }
  }

  @Test func theFlightMeetsEveryKindOfObject() {
    var labels = Set<WorldObject.Label>()
    var (people, cars) = (0, 0)
    for index in stride(from: 0, to: 8000, by: 250) {
      for object in flight.renderFrame(index).objects {
        labels.insert(object.object.label)
        people += object.object.label == .person ? 1 : 0
        cars += object.object.label == .car ? 1 : 0
      }
    }
    #expect(labels == Set(WorldObject.Label.allCases))
    #expect(people > 20 && cars > 60)
  }

  @Test func objectsMove() {
    let first = flight.renderFrame(450).objects
    let second = flight.renderFrame(453).objects
    let ids = Set(first.map(\.object.id)).intersection(second.map(\.object.id))
    #expect(ids.count >= 3, "an object keeps its number")
    #expect(first.map(\.mask) != second.map(\.mask))
  }
}
