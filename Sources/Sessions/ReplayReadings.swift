import MediaModel
import SessionEvents

/// Puts motion and position of one time together again, as the message that they came in.
struct ReplayReadings {
  /// An `imu_data` message that is to be sent.
  struct Reading: Hashable, Sendable {
    var time: WallTime
    var motion: SessionEvent.Motion?
    var location: SessionEvent.Location?

    /// The message of protocol.md section 3.
    func message(at stamp: WallTime) -> String {
      var text = "{\"type\":\"imu_data\",\"timestamp\":\(stamp.nanosSince1970)"
      if let motion {
        text += ",\"accelerometer\":\(Self.object(motion.accelerometer))"
        text += ",\"gyroscope\":\(Self.object(motion.gyroscope))"
        if let field = motion.magnetometer { text += ",\"magnetometer\":\(Self.object(field))" }
        if let turn = motion.orientation {
          text += ",\"attitude\":{\"w\":\(turn.w),\"x\":\(turn.x),\"y\":\(turn.y),\"z\":\(turn.z)}"
        }
      }
      if let location {
        text += ",\"gps\":{\"latitude\":\(location.latitudeDegrees),\"longitude\":\(location.longitudeDegrees)"
        for (name, value) in [
          ("altitude", location.altitudeMetres), ("accuracy", location.accuracyMetres),
          ("speed", location.speedMPerSec), ("heading", location.headingDegrees),
        ] {
          if let value { text += ",\"\(name)\":\(value)" }
        }
        text += "}"
      }
      return text + "}"
    }

    private static func object(_ vector: SIMD3<Double>) -> String {
      "{\"x\":\(vector.x),\"y\":\(vector.y),\"z\":\(vector.z)}"
    }
  }

  private var pending: Reading?

  /// Takes in the next event.
  /// - Returns: the reading in front of it, when that is complete.
  mutating func add(_ event: SessionEvent) -> Reading? {
    switch event {
    case .motion(let motion): put(Reading(time: motion.time, motion: motion))
    case .location(let location): put(Reading(time: location.time, location: location))
    default: nil
    }
  }

  mutating func finish() -> Reading? { pending.take() }

  private mutating func put(_ reading: Reading) -> Reading? {
    guard var current = pending, current.time == reading.time,
      current.motion == nil || reading.motion == nil, current.location == nil || reading.location == nil
    else {
      defer { pending = reading }
      return pending
    }
    current.motion = current.motion ?? reading.motion
    current.location = current.location ?? reading.location
    pending = current
    return nil
  }
}
