import BusMessages
import CursorOnTarget
import Geometry
import MediaModel
import NIOCore
import SessionEvents

/// Turns objects of the world whose place on Earth is known into events, without I/O: each once an interval while it is
/// seen, and once more when it is gone.
struct CoTObjects {
  private struct Key: Hashable, Comparable {
    var stream: String
    var object: Int

    static func < (a: Key, b: Key) -> Bool { (a.stream, a.object) < (b.stream, b.object) }
  }

  private struct Entry {
    var place: SessionEvent.Place
    var earth: GeodeticPosition
    var seenAt: WallTime
    var isNew = true
    var sentAt: HostTime?
    /// When there was news of it.
    var toldAt: HostTime
  }

  /// Objects of a message that are looked at.
  private static let listLimit = 256
  /// Events at a time: at ten times a second 80, so that a slow link is not flooded once an interval.
  private static let burst = 8

  /// A deletion counts for so long.
  private static let deletionCounts = Nanoseconds.seconds(60)

  private let options: CoTSenderOptions
  private let node: String
  private var entries: [Key: Entry] = [:]
  /// Those that were sent and are no more. Who is sent nothing gains none, so there are no more than objects.
  private var gone: [(key: Key, earth: GeodeticPosition)] = []
  /// Objects that found no room, once in each message.
  private(set) var leftOut = 0

  init(options: CoTSenderOptions, node: String) {
    self.options = options
    self.node = node
  }

  /// Takes in a message of ``Topic/worldObjects``: all objects of the map that the camera is in.
  mutating func take(_ message: BusMessage, at now: HostTime) {
    guard options.objects > 0, let list = try? WorldObjects(message.body), let stream = list.stream else { return }
    forgetWhatIsGone(from: list, stream)
    for object in list.objects.prefix(Self.listLimit) {
      guard let place = SessionEvent.Place(object), let earth = place.earth, let seenAt = place.seenAt else { continue }
      let key = Key(stream: stream, object: object.id)
      if var known = entries[key] {
        // What was not seen since then is no news.
        guard seenAt != known.seenAt else { continue }
        (known.place, known.earth, known.seenAt, known.isNew, known.toldAt) = (place, earth, seenAt, true, now)
        entries[key] = known
        continue
      }
      if entries.count >= options.objects {
        entries = entries.filter { now.since($0.value.toldAt) <= options.objectStaleAfter }
      }
      guard entries.count < options.objects else {
        leftOut += 1
        continue
      }
      entries[key] = Entry(place: place, earth: earth, seenAt: seenAt, toldAt: now)
    }
  }

  /// One of the same map that is not in the list was the same as another, or made room. Of other maps the list says
  /// nothing, and a list that is full says nothing of those that it lacks.
  private mutating func forgetWhatIsGone(from list: WorldObjects, _ stream: String) {
    guard let map = list.map ?? list.objects.first.map({ $0.map ?? 0 }), list.objects.count < Self.listLimit
    else { return }
    let present = Set(list.objects.map(\.id))
    for (key, entry) in entries
    where key.stream == stream && entry.place.map == map && !present.contains(key.object) {
      entries[key] = nil
      if entry.sentAt != nil { gone.append((key, entry.earth)) }
    }
    gone.sort { $0.key < $1.key }
  }

  /// Deletions that were not sent yet, a few at a time; each is told once.
  mutating func deletions(at time: WallTime) -> [CoTDeletion] {
    defer { gone.removeFirst(min(gone.count, Self.burst)) }
    return gone.prefix(Self.burst).map { key, earth in
      let target = uid(of: key)
      return CoTDeletion(
        uid: "\(target)-deleted", target: target, time: time, stale: time.advanced(by: Self.deletionCounts),
        latitudeDegrees: earth.latitudeDegrees, longitudeDegrees: earth.longitudeDegrees)
    }
  }

  /// The events that are due, a few at a time.
  mutating func due(at now: HostTime) -> [CoTEvent] {
    var events: [CoTEvent] = []
    for key in entries.keys.sorted() where events.count < Self.burst {
      guard var entry = entries[key], entry.isNew,
        entry.sentAt.map({ now.since($0) >= options.objectInterval }) ?? true
      else { continue }
      entry.isNew = false
      entry.sentAt = now
      entries[key] = entry
      events.append(event(of: key, entry))
    }
    return events
  }

  private func uid(of key: Key) -> String { "worldsystem-\(node)-\(key.stream)-object-\(key.object)" }

  private func event(of key: Key, _ entry: Entry) -> CoTEvent {
    CoTEvent(
      uid: uid(of: key), type: .of(label: entry.place.label, other: options.objectType),
      // Pictures, motion and satellites together.
      how: "m-f", time: entry.seenAt, stale: entry.seenAt.advanced(by: options.objectStaleAfter),
      latitudeDegrees: entry.earth.latitudeDegrees, longitudeDegrees: entry.earth.longitudeDegrees,
      heightMetres: entry.earth.altitudeMetres, circularErrorMetres: entry.place.horizontalErrorMetres,
      linearErrorMetres: entry.place.verticalErrorMetres, callsign: "\(entry.place.label) \(key.object)",
      remarks: "seen in \(key.stream)")
  }
}
