import Geometry
import MediaModel
import NIOCore
public import RerunLog
import SessionEvents

/// A short session with everything that is ever sent in it.
public enum RerunSample {
  private static let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)

  /// Its messages; every call gives the same.
  public static func messages() -> [RerunMessage] {
    var mapping = RerunMapping(
      store: RerunStore(id: "sample", application: "worldsystem"), name: "sample", start: start)
    let kinds: [RerunWorkload] = [.video, .objects, .poses, .motion]
    let events = kinds.flatMap { $0.events().prefix(100) } + RerunWorkload.points.events().prefix(2) + rest
    return mapping.begin() + events.flatMap { mapping.messages(of: $0) } + mapping.flush()
  }

  private static var rest: [SessionEvent] {
    let resolution = Resolution(width: 1_280, height: 720)
    let mask = RunLengthMask(resolution: resolution, columns: 200..<300, rows: 100..<180) { x, y in (x + y) % 9 > 0 }
    let time = start.advanced(by: .seconds(1))
    return [
      .objects(
        SessionEvent.Objects(
          time: time, frame: 200,
          objects: [TrackedObject(id: 1, label: "Straße", score: 1, box: SIMD4(200, 100, 300, 180), mask: mask)])),
      .objects(SessionEvent.Objects(time: time.advanced(by: .seconds(1)), frame: 201, objects: [])),
      .location(SessionEvent.Location(time: start, latitudeDegrees: 47.5, longitudeDegrees: 8.5)),
      .location(SessionEvent.Location(time: time, latitudeDegrees: 47.5001, longitudeDegrees: 8.5001)),
      .identification(SessionEvent.Identification(time: time, object: 1, findings: "vision: a road")),
      .log(SessionEvent.Log(time: time, level: .warning, text: "sample", source: "worldsystem")),
      .places(
        [SessionEvent.Place(object: 1, label: "road", position: SIMD3(1, 2, 0), halfSize: SIMD3(3, 1, 0.1))], time),
    ]
  }
}
