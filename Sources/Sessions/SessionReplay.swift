import Clocks
import CodedMedia
import MediaModel
import NIOCore
public import Publishing
import SessionEvents
import Threading

/// Sends a recorded session once more, as the phone that it came from: every access unit as it was, and every reading of
/// sensors, with the distances of their capture times.
///
/// Capture times lie as far apart as they did at any speed, and end now at a speed above 1: so the same session gives the
/// same results. Readings go two seconds ahead of the video, so that they are there when a service looks at a frame.
public struct SessionReplay: Sendable {
  public struct Counts: Hashable, Sendable {
    public var units = 0
    public var readings = 0
  }

  private let folder: SessionFolder
  private let speed: Double
  private let pace: Pace

  /// - Parameter speed: seconds of the session in one second, above 0; where the server is slower, it is.
  public init(_ folder: SessionFolder, speed: Double = 1, pace: Pace = .system) throws(SessionsError) {
    guard speed > 0, speed.isFinite else { throw .usage("a speed of \(speed) is not possible; it must be above 0") }
    self.folder = folder
    self.speed = speed
    self.pace = pace
  }

  /// Sends all of it, and returns when that is done.
  /// - Parameters:
  ///   - sink: for the video.
  ///   - telemetry: for messages of `/ws/phone`; `nil`: none are sent.
  public func run(
    to sink: any AccessUnitSink, telemetry: (@Sendable (String) async -> Void)?
  ) async throws -> Counts {
    let (first, end) = try range()
    let timeline = ReplayTimeline(
      origin: first.unit.capturedAt, decodeOrigin: first.decodeAt, startedAt: pace.clocks.host(),
      wall: pace.clocks.wall(), length: end.since(first.unit.capturedAt), speed: speed)
    let sendsReadings = telemetry != nil && folder.mcapPath != nil
    let order = ReplayOrder(origin: first.unit.capturedAt, hasReadings: sendsReadings)
    return try await withThrowingTaskGroup(of: Counts.self) { group in
      group.addTask {
        try await withTaskExecutorPreference(ThreadExecutor(name: "replay-video")) {
          try await sendVideo(timeline, order, to: sink)
        }
      }
      if let telemetry, sendsReadings {
        group.addTask {
          defer { order.readingsEnded() }
          return try await withTaskExecutorPreference(ThreadExecutor(name: "replay-sensors")) {
            try await sendReadings(timeline, order, to: telemetry)
          }
        }
      }
      var counts = Counts()
      for try await part in group {
        counts.units += part.units
        counts.readings += part.readings
      }
      return counts
    }
  }

  /// The first access unit, and when the last one was captured.
  private func range() throws -> (first: SessionUnits.Unit, end: WallTime) {
    let units = try SessionUnits(folder)
    guard let first = try units.next() else { throw SessionsError.nothing(session: folder.name, what: "video") }
    if let range = folder.videoRange { return (first, max(range.end, first.unit.capturedAt)) }
    var end = first.unit.capturedAt
    while let next = try units.next() { end = max(end, next.unit.capturedAt) }
    return (first, end)
  }

  @concurrent private func sendVideo(
    _ timeline: ReplayTimeline, _ order: ReplayOrder, to sink: any AccessUnitSink
  ) async throws -> Counts {
    let units = try SessionUnits(folder)
    var counts = Counts()
    while let next = try units.next() {
      try await wait(until: timeline.sendAt(decode: next.decodeAt))
      while !order.mayShow(next.unit.capturedAt) { try await pace.pause(ReplayOrder.step) }
      var picture = next.unit.picture
      picture.senderMicros = timeline.stamp(next.unit.capturedAt).nanosSince1970 / 1_000
      try await sink.send(picture)
      counts.units += 1
      order.shown(next.unit.capturedAt)
      if counts.units == 1 {
        // Whoever records begins with the first picture; what comes in front of that is in no session.
        try await pace.pause(ReplayOrder.settling)
        order.settled()
      }
    }
    order.videoEnded()
    return counts
  }

  @concurrent private func sendReadings(
    _ timeline: ReplayTimeline, _ order: ReplayOrder, to send: @Sendable (String) async -> Void
  ) async throws -> Counts {
    let events = try SessionEventStream(folder)
    var merging = ReplayReadings()
    var counts = Counts()
    while true {
      let event = try events.next()
      guard let reading = event.map({ merging.add($0) }) ?? merging.finish() else {
        if event == nil { return counts }
        continue
      }
      order.next(reading.time)
      try await wait(until: timeline.sendAt(reading.time.advanced(by: Nanoseconds(-ReplayOrder.lead.value))))
      while !order.maySend(reading.time) { try await pace.pause(ReplayOrder.step) }
      await send(reading.message(at: timeline.stamp(reading.time)))
      counts.readings += 1
    }
  }

  private func wait(until time: HostTime) async throws {
    let rest = time.since(pace.clocks.host())
    if rest > .zero { try await pace.pause(rest) } else { try Task.checkCancellation() }
  }
}

/// When to send what was captured when, and what its time is now.
package struct ReplayTimeline: Sendable {
  /// Capture time of the first picture.
  package var origin: WallTime
  /// When it was to be decoded.
  package var decodeOrigin: WallTime
  package var startedAt: HostTime
  /// When the replay begins.
  package var wall: WallTime
  /// From the first picture to the end of the last.
  package var length: Nanoseconds
  package var speed: Double

  package init(
    origin: WallTime, decodeOrigin: WallTime, startedAt: HostTime, wall: WallTime, length: Nanoseconds, speed: Double
  ) {
    self.origin = origin
    self.decodeOrigin = decodeOrigin
    self.startedAt = startedAt
    self.wall = wall
    self.length = length
    self.speed = speed
  }

  package func sendAt(_ time: WallTime) -> HostTime { startedAt.advanced(by: scaled(time.since(origin))) }

  package func sendAt(decode time: WallTime) -> HostTime { startedAt.advanced(by: scaled(time.since(decodeOrigin))) }

  /// As far from the first picture as it was. Faster than it was recorded, a session begins in the past, so that no
  /// capture lies in the future when it is sent.
  package func stamp(_ time: WallTime) -> WallTime {
    let ahead = Nanoseconds(max(0, length.value - scaled(length).value))
    return wall.advanced(by: Nanoseconds(time.since(origin).value - ahead.value))
  }

  private func scaled(_ length: Nanoseconds) -> Nanoseconds {
    speed == 1 ? length : Nanoseconds(Int64(Double(length.value) / speed))
  }
}
