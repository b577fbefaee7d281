/// The tour that a flight makes again and again: waypoints with speeds and where to look.
struct Route {
  enum Gaze {
    /// Along the path.
    case ahead
    /// At the tower on the plaza.
    case tower
  }

  struct Waypoint {
    var place: SIMD3<Double>
    /// m/s on passing; 0 stops for `pause` seconds.
    var speed: Double
    var gaze: Gaze
    /// Camera below the horizon, degrees.
    var pitchDegrees: Double
    var pause: Double = 0

    init(
      _ x: Double, _ y: Double, _ z: Double, speed: Double = 6, _ gaze: Gaze = .ahead, pitch: Double, pause: Double = 0
    ) {
      place = SIMD3(x, y, z)
      self.speed = speed
      self.gaze = gaze
      pitchDegrees = pitch
      self.pause = pause
    }
  }

  /// Hover, street, orbit, height, and back by the same street.
  static var waypoints: [Waypoint] {
    let tower = (x: Double(CityPlan.towerCentre.x), y: Double(CityPlan.towerCentre.y))
    var points = [
      // Take off on the plaza, in sight of the tower.
      Waypoint(14, 14, 2.4, speed: 0, .tower, pitch: 14, pause: 3),
      Waypoint(13, 13, 7, speed: 1.6, .tower, pitch: 17),
      Waypoint(9, 15, 8.5, speed: 2, .tower, pitch: 18),
      // North along the street, low.
      Waypoint(2.5, 26, 8, speed: 3.2, pitch: 18),
      Waypoint(0, 44, 7.2, speed: 5.5, pitch: 18),
      Waypoint(0, 90, 6.4, speed: 6.5, pitch: 18),
      Waypoint(0, 112, 7.2, speed: 5, pitch: 19),
      // Right turn, east, climbing.
      Waypoint(5, 127, 8.5, speed: 3.6, pitch: 20),
      Waypoint(24, 128.5, 10, speed: 5, pitch: 20),
      Waypoint(64, 128, 17, speed: 6.5, pitch: 22),
      Waypoint(104, 126, 27, speed: 6.5, pitch: 24),
      Waypoint(126, 112, 32, speed: 5.5, pitch: 25),
      Waypoint(127, 84, 33, speed: 6, pitch: 26),
      Waypoint(112, 56, 30, speed: 5.5, .tower, pitch: 24),
      Waypoint(84, 42, 25, speed: 5, .tower, pitch: 22),
    ]
    // One turn and a quarter around the tower.
    for step in 0...15 {
      let angle = 0.42 + Double(step) / 12 * 2 * .pi
      points.append(
        Waypoint(
          tower.x + 27 * cosine(angle), tower.y + 27 * sine(angle), 20 + 1.5 * sine(angle * 2), speed: 5, .tower,
          pitch: 21))
    }
    points += [
      // Away to the south west, up over the roofs.
      Waypoint(-2, 24, 25, speed: 5, pitch: 23),
      Waypoint(-6, -6, 33, speed: 6, pitch: 26),
      Waypoint(-14, -60, 46, speed: 7, pitch: 30),
      Waypoint(-34, -104, 55, speed: 7, pitch: 31),
      Waypoint(-76, -130, 58, speed: 6, pitch: 31),
      Waypoint(-122, -116, 58, speed: 6, pitch: 31),
      Waypoint(-142, -72, 57, speed: 7, pitch: 30),
      Waypoint(-136, -28, 50, speed: 6, pitch: 28),
      // Down along the street that leads to the plaza.
      Waypoint(-108, -4, 38, speed: 5.5, pitch: 25),
      Waypoint(-72, 0, 25, speed: 6, pitch: 22),
      Waypoint(-34, 0, 13, speed: 5.5, pitch: 20),
      Waypoint(-12, 0, 8.5, speed: 4, pitch: 19),
      // Left into the first street, again.
      Waypoint(-1, 9, 7.6, speed: 3.2, pitch: 18),
      Waypoint(0, 28, 7.2, speed: 5, pitch: 18),
      Waypoint(1, 50, 7, speed: 4.5, pitch: 18),
      Waypoint(10, 63, 7.4, speed: 3.2, pitch: 19),
      Waypoint(34, 64, 8.5, speed: 5, pitch: 20),
      Waypoint(54, 63, 9, speed: 3.6, pitch: 20),
      Waypoint(64, 52, 9, speed: 3.2, pitch: 20),
      Waypoint(64, 22, 8.5, speed: 4.5, .tower, pitch: 19),
      Waypoint(58, 6, 8, speed: 3, .tower, pitch: 18),
      Waypoint(40, 6, 6.5, speed: 3, .tower, pitch: 17),
      Waypoint(22, 9.5, 4.2, speed: 2, .tower, pitch: 15),
    ]
    return points
  }

  /// Where the flight is, and where it looks, once every `interval` seconds of a lap.
  struct Sample {
    var place: SIMD3<Double>
    /// Heading of the camera, radians counter-clockwise from east, continuous along the lap.
    var heading: Double
    /// Radians below the horizon.
    var pitch: Double
  }

  /// Samples the route evenly in time, with speed linear in distance between waypoints.
  static func samples(interval: Double) -> [Sample] {
    let points = waypoints
    var places: [(place: SIMD3<Double>, gaze: Gaze, pitch: Double)] = []
    var debt = 0.0
    for (index, from) in points.enumerated() {
      let to = points[(index + 1) % points.count]
      var pauseLeft = from.pause
      while pauseLeft > 0 {
        places.append((from.place, from.gaze, from.pitchDegrees))
        pauseLeft -= interval
      }
      let run = to.place - from.place
      let length = (run * run).sum().squareRoot()
      // Small steps of distance; a sample is taken whenever their time adds up to the interval.
      let steps = 400
      for step in 0..<steps {
        let fraction = (Double(step) + 0.5) / Double(steps)
        let speed = max(0.8, from.speed + (to.speed - from.speed) * fraction)
        debt += length / Double(steps) / speed
        while debt >= interval {
          debt -= interval
          let pitch = from.pitchDegrees + (to.pitchDegrees - from.pitchDegrees) * fraction
          places.append((from.place + run * fraction, fraction < 0.5 ? from.gaze : to.gaze, pitch))
        }
      }
    }
    return headings(places, interval: interval)
  }

  private static func headings(
    _ places: [(place: SIMD3<Double>, gaze: Gaze, pitch: Double)], interval: Double
  ) -> [Sample] {
    let count = places.count
    let ahead = max(1, Int((2.2 / interval).rounded()))
    var result: [Sample] = []
    var previous = 0.0
    for (index, sample) in places.enumerated() {
      let target: SIMD3<Double>
      switch sample.gaze {
      case .ahead: target = places[(index + ahead) % count].place
      case .tower: target = SIMD3(Double(CityPlan.towerCentre.x), Double(CityPlan.towerCentre.y), 0)
      }
      let direction = target - sample.place
      var heading = arcTangent(direction.y, direction.x)
      if index > 0 {
        let turns = ((previous - heading) / (2 * .pi)).rounded()
        heading += turns * 2 * .pi
      }
      previous = heading
      result.append(Sample(place: sample.place, heading: heading, pitch: sample.pitch * .pi / 180))
    }
    return result
  }
}
