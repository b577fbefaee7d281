import BusMessages
import CursorOnTarget
import MediaModel
import NIOCore
import TelemetryProtocol

/// Turns positions of phones, and of objects in the world, into events, without I/O: the latest position of each stream
/// and object, once an interval.
package struct CoTFeed {
  private struct Track {
    var position: PhonePosition
    var capturedAt: WallTime
    var isNew = true
    var sentAt: HostTime?
    var seenAt: HostTime
  }

  /// A stream whose phone is silent for so long makes room for another.
  private static let forgetAfter = Nanoseconds.seconds(60)
  private static let needle = Array("\"gps\"".utf8)

  private let options: CoTSenderOptions
  private let node: String
  private var tracks: [String: Track] = [:]
  private var objects: CoTObjects
  private var positionsLeftOut = 0
  /// Positions and objects that found no room.
  package var leftOut: Int { positionsLeftOut + objects.leftOut }

  /// - Parameter node: names this server in identifiers.
  package init(options: CoTSenderOptions, node: String) {
    self.options = options
    self.node = node
    objects = CoTObjects(options: options, node: node)
  }

  /// Takes in a message of ``Topic/imuData`` or ``Topic/worldObjects``.
  package mutating func take(_ message: BusMessage, at now: HostTime) {
    if message.topic == .worldObjects { return objects.take(message, at: now) }
    // Most readings have no position: they are not worth being read.
    guard message.topic == .imuData, Self.mentionsPosition(message.body),
      case .text(let stream)? = message.headers[BusHeader.stream],
      case .text(let captured)? = message.headers[BusHeader.capturedAt], let nanos = Int64(captured),
      let object = try? JSONObject(message.body), let reading = try? IMUMessage(object), let position = reading.gps
    else { return }
    let time = WallTime(nanosSince1970: nanos)
    if var track = tracks[stream] {
      guard time > track.capturedAt || now.since(track.seenAt) > Self.forgetAfter else { return }
      track.position = position
      track.capturedAt = time
      track.isNew = true
      track.seenAt = now
      tracks[stream] = track
      return
    }
    if tracks.count >= options.streams { tracks = tracks.filter { now.since($0.value.seenAt) <= Self.forgetAfter } }
    guard tracks.count < options.streams else {
      positionsLeftOut += 1
      return
    }
    tracks[stream] = Track(position: position, capturedAt: time, seenAt: now)
  }

  private static func mentionsPosition(_ body: ByteBuffer) -> Bool {
    body.withUnsafeReadableBytes { bytes in
      var place = 0
      while place + needle.count <= bytes.count {
        if bytes[place] == needle[0], bytes[place..<(place + needle.count)].elementsEqual(needle) { return true }
        place += 1
      }
      return false
    }
  }

  /// The events that are due: positions that were not sent yet, of streams and objects whose interval is over.
  package mutating func due(at now: HostTime) -> [CoTEvent] {
    var events: [CoTEvent] = []
    for stream in tracks.keys.sorted() {
      guard var track = tracks[stream], track.isNew,
        track.sentAt.map({ now.since($0) >= options.interval }) ?? true
      else { continue }
      track.isNew = false
      track.sentAt = now
      tracks[stream] = track
      events.append(event(of: stream, track))
    }
    return events + objects.due(at: now)
  }

  /// Objects that are no more, each once.
  /// - Parameter time: now.
  package mutating func deletions(at time: WallTime) -> [CoTDeletion] { objects.deletions(at: time) }

  private func event(of stream: String, _ track: Track) -> CoTEvent {
    func known(_ value: Double?) -> Double? { value.flatMap { $0 >= 0 ? $0 : nil } }
    let position = track.position
    return CoTEvent(
      uid: "worldsystem-\(node)-\(stream)", type: options.type, how: "m-g", time: track.capturedAt,
      stale: track.capturedAt.advanced(by: options.staleAfter), latitudeDegrees: position.latitudeDegrees,
      longitudeDegrees: position.longitudeDegrees, heightMetres: position.altitudeMetres,
      circularErrorMetres: known(position.accuracyMetres), courseDegrees: known(position.headingDegrees),
      speedMPerSec: known(position.speedMPerSec), callsign: stream)
  }
}
