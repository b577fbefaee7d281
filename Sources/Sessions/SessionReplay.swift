import Clocks
import CodedMedia
import MediaModel
import NIOCore
public import Publishing
import SessionEvents
import Threading

/// Sends a recorded session once more, as the phone that it came from: every access unit as it was, and every reading of
/// sensors, with the spacing of their capture times.
///
/// At another speed than 1 capture times are that much closer together, as a server takes its clock from them; motion
/// does not fit to its times then, so metric scale is to be had at speed 1 only.
public struct SessionReplay: Sendable {
  public struct Counts: Hashable, Sendable {
    public var units = 0
    public var readings = 0
  }

  private let folder: SessionFolder
  private let speed: Double
  private let pace: Pace

  /// - Parameter speed: seconds of the session in one second, above 0.
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
    let first = try SessionUnits(folder).next()
    guard let first else { throw SessionsError.nothing(session: folder.name, what: "video") }
    let timeline = ReplayTimeline(
      origin: first.unit.capturedAt, decodeOrigin: first.decodeAt, startedAt: pace.clocks.host(),
      wall: pace.clocks.wall(), speed: speed)
    return try await withThrowingTaskGroup(of: Counts.self) { group in
      group.addTask {
        try await withTaskExecutorPreference(ThreadExecutor(name: "replay-video")) {
          try await sendVideo(timeline, to: sink)
        }
      }
      if let telemetry, folder.mcapPath != nil {
        group.addTask {
          try await withTaskExecutorPreference(ThreadExecutor(name: "replay-sensors")) {
            try await sendReadings(timeline, to: telemetry)
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

  @concurrent private func sendVideo(_ timeline: ReplayTimeline, to sink: any AccessUnitSink) async throws -> Counts {
    let units = try SessionUnits(folder)
    var counts = Counts()
    while let next = try units.next() {
      try await wait(until: timeline.sendAt(decode: next.decodeAt))
      var picture = next.unit.picture
      picture.senderMicros = timeline.stamp(next.unit.capturedAt).nanosSince1970 / 1_000
      try await sink.send(picture)
      counts.units += 1
    }
    return counts
  }

  @concurrent private func sendReadings(
    _ timeline: ReplayTimeline, to send: @Sendable (String) async -> Void
  ) async throws -> Counts {
    let events = try SessionEventStream(folder)
    var merging = ReplayReadings()
    var counts = Counts()
    while let event = try events.next() {
      guard let reading = merging.add(event) else { continue }
      counts.readings += 1
      try await self.send(reading, timeline, to: send)
    }
    if let reading = merging.finish() {
      counts.readings += 1
      try await self.send(reading, timeline, to: send)
    }
    return counts
  }

  private func send(
    _ reading: ReplayReadings.Reading, _ timeline: ReplayTimeline, to send: @Sendable (String) async -> Void
  ) async throws {
    try await wait(until: timeline.sendAt(reading.time))
    await send(reading.message(at: timeline.stamp(reading.time)))
  }

  private func wait(until time: HostTime) async throws {
    let rest = time.since(pace.clocks.host())
    if rest > .zero { try await pace.pause(rest) } else { try Task.checkCancellation() }
  }
}

/// When to send what was captured when.
struct ReplayTimeline: Sendable {
  /// Capture time of the first picture.
  var origin: WallTime
  /// When it was to be decoded.
  var decodeOrigin: WallTime
  var startedAt: HostTime
  /// What the first picture is stamped with.
  var wall: WallTime
  var speed: Double

  func sendAt(_ time: WallTime) -> HostTime { startedAt.advanced(by: scaled(time.since(origin))) }

  func sendAt(decode time: WallTime) -> HostTime { startedAt.advanced(by: scaled(time.since(decodeOrigin))) }

  func stamp(_ time: WallTime) -> WallTime { wall.advanced(by: scaled(time.since(origin))) }

  private func scaled(_ length: Nanoseconds) -> Nanoseconds {
    speed == 1 ? length : Nanoseconds(Int64(Double(length.value) / speed))
  }
}
