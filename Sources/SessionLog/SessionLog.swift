import BusMessages
import Clocks
public import CodedMedia
import Foundation
import Logging
import MediaModel
import NIOCore
import Observability
import PosixFiles
public import Recording

/// One session on its way into an MCAP file, on a thread of its own.
///
/// Whoever brings something never waits for the disk: what does not fit into the queue is left out and counted, video up
/// to the next key frame.
// Safe because `state` is touched only while `condition` is locked, and the file only by the thread.
public final class SessionLog: SessionCompanion, @unchecked Sendable {
  /// The name of the file in the session's folder.
  public static let fileName = "session.mcap"
  /// How often the thread looks at what time demands.
  private static let interval = 0.1
  /// How long the end of a session waits for the disk; what is left then the next start completes.
  private static let longestEnd = 10.0

  private enum Item {
    case unit(AccessUnit)
    case message(BusMessage)
    /// Units were left out.
    case gap
  }

  private struct State {
    var items: [Item] = []
    var bytes = 0
    /// A unit was left out: so are all up to the next key frame.
    var isDropping = false
    var isFinishing = false
    var isDone = false
  }

  private let options: SessionLogOptions
  private let metrics: SessionLogMetrics
  private let clocks: SystemClocks
  private let condition = NSCondition()
  private var state = State()
  private let onEnd: @Sendable (SessionLog) -> Void

  /// Starts the thread.
  /// - Parameter onEnd: is called when nothing more is taken.
  init(
    _ place: SessionPlace, options: SessionLogOptions, metrics: SessionLogMetrics, clocks: SystemClocks, logger: Logger,
    onEnd: @escaping @Sendable (SessionLog) -> Void
  ) {
    self.options = options
    self.metrics = metrics
    self.clocks = clocks
    self.onEnd = onEnd
    let thread = Thread { [self] in
      do throws(FileFailure) {
        let file = try SessionFile(
          folder: place.folder, session: place.id.text, stream: place.stream, start: place.startedAt, options: options,
          metrics: metrics, logger: logger, now: clocks.host())
        work(file)
      } catch {
        logger.error("session file cannot be made", metadata: [.error: "\(error)"])
        refuse()
      }
    }
    thread.name = "session-log"
    thread.stackSize = 8 << 20
    thread.start()
  }

  // MARK: What comes in

  public func add(_ unit: AccessUnit) {
    condition.lock()
    defer { condition.unlock() }
    let bytes = unit.bytes.readableBytes
    while options.isWaitedFor, !hasRoom(for: bytes), !state.isFinishing { condition.wait() }
    guard !state.isFinishing, hasRoom(for: bytes), !state.isDropping || unit.isKeyFrame else {
      if !state.isDropping { state.items.append(.gap) }
      state.isDropping = true
      return metrics.recordMissed(1, .tooSlow)
    }
    state.isDropping = false
    put(.unit(unit), bytes)
  }

  public func missed(_ count: Int) {
    guard count > 0 else { return }
    condition.lock()
    defer { condition.unlock() }
    state.isDropping = true
    if state.items.count < options.queuedMessages { state.items.append(.gap) }
  }

  /// A message of the bus.
  func add(_ message: BusMessage) {
    condition.lock()
    defer { condition.unlock() }
    guard !state.isFinishing, hasRoom(for: message.cost) else { return metrics.recordMissed(1, .tooSlow) }
    put(.message(message), message.cost)
  }

  /// Writes what waits and ends the file.
  public func end() {
    onEnd(self)
    condition.lock()
    defer { condition.unlock() }
    state.isFinishing = true
    condition.broadcast()
    let deadline = Date(timeIntervalSinceNow: Self.longestEnd)
    while !state.isDone, options.isWaitedFor ? waitOnce() : condition.wait(until: deadline) {}
  }

  private func waitOnce() -> Bool {
    condition.wait()
    return true
  }

  private func hasRoom(for bytes: Int) -> Bool {
    state.items.count < options.queuedMessages && (state.bytes + bytes <= options.queuedBytes || state.items.isEmpty)
  }

  private func put(_ item: Item, _ bytes: Int) {
    state.items.append(item)
    state.bytes += bytes
    // The thread looks by itself ten times a second; it is woken when there is much.
    if state.items.count % 64 == 0 || state.bytes > options.queuedBytes / 4 { condition.broadcast() }
  }

  // MARK: The thread

  private func work(_ file: SessionFile) {
    // The age of a chunk: of a file that is read as fast as it goes, what was captured counts.
    var now = clocks.host()
    while let batch = takeWaiting() {
      for item in batch {
        now = time(of: item, after: now)
        switch item {
        case .unit(let unit): file.take(unit, now: now)
        case .message(let message): file.take(message, now: now, wall: clocks.wall())
        case .gap: file.videoWasCut()
        }
      }
      if !options.isWaitedFor { now = clocks.host() }
      file.tick(now: now)
    }
    file.end(now: now)
    finish()
  }

  private func time(of item: Item, after now: HostTime) -> HostTime {
    guard options.isWaitedFor else { return clocks.host() }
    guard case .unit(let unit) = item else { return now }
    return HostTime(nanos: max(now.nanos, unit.capturedAt.nanosSince1970))
  }

  /// Without a file, everything is left out.
  private func refuse() {
    while let batch = takeWaiting() { metrics.recordMissed(batch.count, .disk) }
    finish()
  }

  /// - Returns: what came in since the last call, mostly after a tenth of a second; `nil` at the end of the session.
  private func takeWaiting() -> [Item]? {
    condition.lock()
    defer { condition.unlock() }
    if state.items.isEmpty, state.isFinishing { return nil }
    if !state.isFinishing { _ = condition.wait(until: Date(timeIntervalSinceNow: Self.interval)) }
    defer {
      (state.items, state.bytes) = ([], 0)
      condition.broadcast()
    }
    return state.items
  }

  private func finish() {
    condition.lock()
    state.isDone = true
    condition.broadcast()
    condition.unlock()
  }
}
