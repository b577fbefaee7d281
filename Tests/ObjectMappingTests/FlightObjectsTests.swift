import Geometry
import MediaModel
import ObjectMapping
import Simulation
import TestSupport
import Testing

/// Objects of a simulated flight: true boxes and masks, poses with errors, points of the scene.
@Suite struct FlightObjectsTests {
  struct Score {
    var standing: [Double] = []
    var standingNormalised: [Double] = []
    var moving: [Double] = []
    var movingNormalised: [Double] = []
    var takenForMoving = 0
    var takenForStanding = 0

    static func median(_ values: [Double]) -> Double { values.isEmpty ? .infinity : values.sorted()[values.count / 2] }
  }

  /// A flight with five frames a second, and what two maps make of it: one with points, and one of rays alone.
  static func fly(seed: UInt64, seconds: Int) -> (withPoints: Score, raysAlone: Score) {
    let flight = FlightSimulation(
      seed: seed, resolution: Resolution(width: 640, height: 360), framesPerSecond: 5)
    var noise = SyntheticScene(seed: seed)
    var (withPoints, raysAlone) = (ObjectMap(), ObjectMap())
    withPoints.place(MapPlacement(metricFromMap: .identity), ofMap: 0)
    raysAlone.place(MapPlacement(metricFromMap: .identity), ofMap: 0)
    var points: [SIMD3<Double>] = []
    var (pointScore, rayScore) = (Score(), Score())
    for index in 0..<seconds * 5 {
      let frame = flight.renderFrame(index)
      if index % 5 == 0 {
        points += Self.points(of: frame, flight)
        withPoints.setPoints(points, ofMap: 0)
      }
      let told = noise.disturbed(frame.worldFromCamera)
      let mapped = MapFrame(
        nanos: frame.timestampNanos, map: 0, worldFromCamera: told, camera: .pinhole(flight.camera))
      let sightings = frame.objects.map(Self.sighting)
      withPoints.add(mapped, sightings)
      raysAlone.add(mapped, sightings)
      guard index % 5 == 4 else { continue }
      pointScore.note(withPoints, frame, flight)
      rayScore.note(raysAlone, frame, flight)
    }
    return (pointScore, rayScore)
  }

  /// What a map with depth has: a point every 16 pixels of a frame a second.
  private static func points(of frame: SimulatedFrame, _ flight: FlightSimulation) -> [SIMD3<Double>] {
    var points: [SIMD3<Double>] = []
    for row in stride(from: 3, to: 360, by: 16) {
      for column in stride(from: 3, to: 640, by: 16) {
        let depth = flight.depth(atColumn: column, row: row)
        // Of what moves SLAM keeps no points.
        if let object = flight.object(atColumn: column, row: row), flight.world.place(ofMoving: object, at: 0) != nil {
          continue
        }
        guard depth < 150, let ray = flight.camera.unproject(SIMD2(Double(column), Double(row))) else { continue }
        points.append(frame.worldFromCamera * (ray * depth))
      }
    }
    return points
  }

  private static func sighting(_ seen: SimulatedObject) -> ObjectSighting {
    ObjectSighting(
      track: seen.object.id, label: seen.object.label.rawValue, score: 1,
      box: SIMD4(
        Double(seen.columns.lowerBound), Double(seen.rows.lowerBound), Double(seen.columns.upperBound),
        Double(seen.rows.upperBound)), mask: seen.mask)
  }

  /// Errors of a place in metres, 15 to 40 m from the camera, on 640 × 360 pixels, where a car has some 60 × 25.
  @Test func objectsOfFlightsAreWhereTheyAre() {
    var (withPoints, raysAlone) = (Score(), Score())
    for seed in 1...3 {
      let (points, rays) = Self.fly(seed: UInt64(seed), seconds: 20)
      withPoints.add(points)
      raysAlone.add(rays)
    }
    let (text, rayText) = (withPoints.text, raysAlone.text)
    #expect(withPoints.standing.count > 25 && withPoints.moving.count > 100, "\(text)")
    #expect(Score.median(withPoints.standing) < 1, "\(text)")
    #expect(Score.median(withPoints.moving) < 1, "\(text)")
    #expect(withPoints.consistent > 0.8, "\(text)")
    #expect(withPoints.takenForStanding + withPoints.takenForMoving < 10, "\(text)")
    #expect(Score.median(raysAlone.standing) < 1.5, "\(rayText)")
    // Without depth and ground what moves has no place, but for a few that go along with the camera.
    #expect(raysAlone.moving.count < 10, "\(rayText)")
  }
}

extension FlightObjectsTests.Score {
  /// Compares what is in sight with the truth.
  mutating func note(_ map: ObjectMap, _ frame: SimulatedFrame, _ flight: FlightSimulation) {
    let time = Double(frame.timestampNanos) / 1e9
    for seen in frame.objects where seen.area >= 100 {
      guard let truth = flight.world.middle(of: seen.object, at: time),
        (truth - frame.worldFromCamera.translation).norm < 40,
        let found = map.object(ofTrack: seen.object.id, map: 0), found.observations >= 8,
        found.lastSeen == frame.timestampNanos
      else { continue }
      let isParked = flight.world.place(ofMoving: seen.object, at: time) == nil
      let (error, normalised) = (found.error(truth), found.normalisedError(truth))
      if isParked {
        if found.isMoving { takenForMoving += 1 }
        standing.append(error)
        standingNormalised.append(normalised)
      } else {
        if !found.isMoving { takenForStanding += 1 }
        moving.append(error)
        movingNormalised.append(normalised)
      }
    }
  }

  mutating func add(_ other: Self) {
    standing += other.standing
    standingNormalised += other.standingNormalised
    moving += other.moving
    movingNormalised += other.movingNormalised
    takenForMoving += other.takenForMoving
    takenForStanding += other.takenForStanding
  }

  /// The share of places that the truth is within 99 % of the covariance of.
  var consistent: Double {
    let all = standingNormalised + movingNormalised
    return Double(all.count { $0 < 11.3 }) / Double(max(1, all.count))
  }

  var text: String {
    func part(_ errors: [Double], _ normalised: [Double]) -> String {
      let sorted = errors.sorted()
      let consistent = normalised.count { $0 < 11.3 }
      return "\(errors.count) median \(Self.median(errors)) p90 \(sorted.dropLast(errors.count / 10).last ?? 0)"
        + " within 99% \(consistent)"
    }
    return "parked \(part(standing, standingNormalised)) taken for moving \(takenForMoving) | moving "
      + "\(part(moving, movingNormalised)) taken for standing \(takenForStanding)"
  }
}
