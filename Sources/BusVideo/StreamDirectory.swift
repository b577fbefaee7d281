public import BusMessages
public import MediaModel

/// A stream that another server announces.
public struct AnnouncedStream: Hashable, Sendable {
  public var name: StreamName
  /// The server that the publisher is connected to.
  public var node: String
  public var epoch: UInt64

  public init(name: StreamName, node: String, epoch: UInt64) {
    self.name = name
    self.node = node
    self.epoch = epoch
  }
}

/// What other servers announce: a value; announcements and the time go in, streams come out.
public struct StreamDirectory: Sendable {
  /// Servers, and streams of one server, that are remembered; the rest is not believed.
  public static let limits = (nodes: 256, streams: 256)

  private struct Entry {
    var at: HostTime
    var streams: [AnnouncedStream]
  }

  private let ownNode: String
  private let life: Nanoseconds
  private var entries: [String: Entry] = [:]

  /// - Parameters:
  ///   - ownNode: this server, whose own announcements do not count.
  ///   - life: how long an announcement holds that is not repeated.
  public init(ownNode: String, life: Nanoseconds) {
    self.ownNode = ownNode
    self.life = life
  }

  /// Takes an announcement; it replaces those that its server made before. Names that no stream can have are skipped.
  public mutating func take(_ announcement: StreamAnnouncement, at now: HostTime) {
    guard announcement.node != ownNode else { return }
    expire(at: now)
    guard entries[announcement.node] != nil || entries.count < Self.limits.nodes else { return }
    let streams = announcement.streams.prefix(Self.limits.streams).compactMap { stream -> AnnouncedStream? in
      guard let name = StreamName(stream.name), let epoch = UInt64(stream.epoch) else { return nil }
      return AnnouncedStream(name: name, node: announcement.node, epoch: epoch)
    }
    entries[announcement.node] = streams.isEmpty ? nil : Entry(at: now, streams: streams)
  }

  /// The streams that others have now, each with its newest publisher.
  public func streams(at now: HostTime) -> [StreamName: AnnouncedStream] {
    var newest: [StreamName: AnnouncedStream] = [:]
    for entry in entries.values where now.since(entry.at) < life {
      for stream in entry.streams {
        if let known = newest[stream.name], (known.epoch, known.node) > (stream.epoch, stream.node) { continue }
        newest[stream.name] = stream
      }
    }
    return newest
  }

  private mutating func expire(at now: HostTime) { entries = entries.filter { now.since($0.value.at) < life } }
}
