internal import Clocks
internal import Foundation
internal import FoxgloveProtocol
internal import Logging
internal import MediaModel
internal import Observability
internal import Synchronization

/// Plays one recording to one client, on a thread of its own.
// Safe because `requests`, `isEnded` and `hasBegun` are touched only while `condition` is locked, and the rest only by the thread.
final class RecordedPlayer: @unchecked Sendable {
  /// A client that has so many messages waiting is waited for.
  private static let fullQueue = 512
  private static let shortest = 0.002
  /// How often a client that plays is told where it is.
  private static let stateInterval = Nanoseconds.seconds(1)

  private let file: RecordedFile
  private let link: FoxgloveLink
  private let clocks: SystemClocks
  private let logger: Logger
  private let condition = NSCondition()
  private var requests: [PlaybackRequest] = []
  private var isEnded = false
  private var hasBegun = false

  /// Starts the thread; nothing is played before the client wants a channel.
  init(_ file: RecordedFile, to link: FoxgloveLink, clocks: SystemClocks, logger: Logger) {
    self.file = file
    self.link = link
    self.clocks = clocks
    self.logger = logger
  }

  func start() {
    let thread = Thread { self.work() }
    thread.name = "foxglove-player"
    thread.start()
  }

  /// The client wants a channel: it is played from now on.
  func begin() {
    condition.lock()
    hasBegun = true
    condition.signal()
    condition.unlock()
  }

  /// Does what the client asks; of what it asks faster than that, the newest.
  func request(_ request: PlaybackRequest) {
    condition.lock()
    if requests.count >= 16 { requests.removeFirst() }
    requests.append(request)
    hasBegun = true
    condition.signal()
    condition.unlock()
  }

  func end() {
    condition.lock()
    isEnded = true
    condition.signal()
    condition.unlock()
  }

  // MARK: The thread

  private func work() {
    var cursor = RecordedCursor(file)
    guard waitForBegin() else { return }
    var timeline = PlaybackTimeline(start: file.startTime, end: file.endTime, now: clocks.host())
    link.send(timeline.state(now: clocks.host()))
    var toldAt = clocks.host()
    var wait = 0.0
    while let asked = takeRequests(after: wait) {
      for request in asked { answer(request, &timeline, &cursor) }
      wait = play(&cursor, &timeline)
      let now = clocks.host()
      if timeline.status == .playing, now.since(toldAt) >= Self.stateInterval {
        link.send(timeline.state(now: now))
        toldAt = now
      }
    }
    if cursor.damagedChunks > 0 {
      logger.warning("recording has damaged parts", metadata: [.count: "\(cursor.damagedChunks)"])
    }
  }

  private func answer(_ request: PlaybackRequest, _ timeline: inout PlaybackTimeline, _ cursor: inout RecordedCursor) {
    let target = timeline.apply(request, now: clocks.host())
    if let target {
      link.clear()
      let lead = cursor.seek(to: target)
      timeline.stalled(at: target, now: clocks.host())
      link.send(timeline.state(now: clocks.host(), didSeek: true, requestID: request.id))
      for message in lead { link.offer(message) }
    } else {
      link.send(timeline.state(now: clocks.host(), requestID: request.id))
    }
  }

  /// Hands out what is due.
  /// - Returns: seconds until something is to be done again.
  private func play(_ cursor: inout RecordedCursor, _ timeline: inout PlaybackTimeline) -> Double {
    guard timeline.status == .playing else { return 3_600 }
    while let next = cursor.nextTime {
      let now = clocks.host()
      guard next <= timeline.time(at: now) else {
        return max(Self.shortest, timeline.hostTime(of: next)?.since(now).seconds ?? 1)
      }
      if link.waiting >= Self.fullQueue {
        timeline.stalled(at: next, now: now)
        return 0.05
      }
      if let message = cursor.next() { link.offer(message) }
    }
    // The end is told behind the last message, not in front of what still waits.
    guard link.waiting == 0 else { return 0.01 }
    timeline.ended()
    link.send(timeline.state(now: clocks.host()))
    return 3_600
  }

  private func waitForBegin() -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while !hasBegun, !isEnded { condition.wait() }
    return !isEnded
  }

  /// - Returns: what was asked meanwhile; `nil`: the client is gone.
  private func takeRequests(after seconds: Double) -> [PlaybackRequest]? {
    condition.lock()
    defer { condition.unlock() }
    let deadline = Date(timeIntervalSinceNow: seconds)
    while requests.isEmpty, !isEnded, Date() < deadline { guard condition.wait(until: deadline) else { break } }
    defer { requests = [] }
    return isEnded ? nil : requests
  }
}
