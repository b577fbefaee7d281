internal import BusMessages
public import Clocks
public import Logging
import Metrics
import Observability
import Synchronization

/// Messages on disk while the broker is away: bounded, in order, and still there after a crash.
///
/// When it is full, or the disk is, the oldest bulk messages (video) give way, file by file. Essential ones (telemetry,
/// results, events) give way to newer essential ones when the spool is full, but not when the disk is: what is there
/// stays. Messages are handed out in the order in which they came, and are removed when they have arrived.
///
/// All calls block on the disk, and may be made from any thread; ``messages``, ``bytes`` and ``isEmpty`` never wait.
/// Errors that the caller is not told of are logged. See `SpoolRecord` for what is in the files.
public final class MessageSpool: Sendable {
  private let store: Mutex<SpoolStore>
  private let clocks: SystemClocks
  private let log: RateLimitedLogger
  private let metrics = SpoolMetrics()
  private let messageCount = Atomic<Int>(0)
  private let byteCount = Atomic<Int>(0)

  /// Opens the spool in a folder, which is made where it is missing, with what an earlier process left there.
  /// - Throws: ``SpoolError``, in a line that names the folder or file.
  public convenience init(
    folder: String, options: SpoolOptions = SpoolOptions(), clocks: SystemClocks, logger: Logger
  ) throws(SpoolError) {
    try self.init(folder: folder, options: options, disk: PosixSpoolDisk(), clocks: clocks, logger: logger)
  }

  package init(
    folder: String, options: SpoolOptions, disk: any SpoolDisk, clocks: SystemClocks, logger: Logger
  ) throws(SpoolError) {
    store = Mutex(try SpoolStore(folder: folder, options: options, disk: disk))
    self.clocks = clocks
    log = RateLimitedLogger(logger)
    change { _ in }
    guard messages > 0 else { return }
    logger.notice(
      "messages of an earlier run wait for the broker",
      metadata: [.file: "\(folder)", .count: "\(messages)", .bytes: "\(bytes)"])
  }

  /// Puts messages at the end.
  public func append(_ entries: [SpoolEntry]) -> SpoolOutcome { change { $0.append(entries) } }

  /// The messages after a position, or from the oldest on; they stay until they are removed.
  ///
  /// - Returns: at most `maxMessages`, and no more than the first that reaches `maxBytes`; empty at the end.
  public func peek(after position: SpoolPosition?, maxMessages: Int, maxBytes: Int) -> [(SpoolPosition, SpoolEntry)] {
    change { $0.peek(after: position, maxMessages: maxMessages, maxBytes: maxBytes) }
  }

  /// Forgets a message and all before it: they have arrived.
  public func remove(through position: SpoolPosition) { change { $0.remove(through: position) } }

  /// Makes what was appended and removed last through a power cut. A crash of the process alone loses nothing anyway.
  public func sync() throws(SpoolError) {
    let result: Result<Void, SpoolError> = change { store in
      do throws(SpoolError) {
        return .success(try store.sync())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Messages that wait.
  public var messages: Int { messageCount.load(ordering: .relaxed) }
  /// Bytes that they take on disk.
  public var bytes: Int { byteCount.load(ordering: .relaxed) }
  public var isEmpty: Bool { messages == 0 }

  private func change<Result: Sendable>(_ body: @Sendable (inout SpoolStore) -> Result) -> Result {
    let (result, faults) = store.withLock { store in
      let result = body(&store)
      messageCount.store(store.messages, ordering: .relaxed)
      byteCount.store(store.bytes, ordering: .relaxed)
      return (result, store.takeFaults())
    }
    metrics.record(messages: messages, bytes: bytes)
    for fault in faults { report(fault) }
    return result
  }

  private func report(_ fault: SpoolFault) {
    let now = clocks.host()
    switch fault {
    case .gaveWay(let precedence, let messages):
      metrics.recordDropped(precedence, messages)
      log.log(
        level: .error, "messages in the spool gave way to newer ones", at: now,
        metadata: [.count: "\(messages)", .reason: "\(precedence)"])
    case .refused(let precedence, let error, let messages):
      metrics.recordDropped(precedence, messages)
      log.log(
        level: .error, "the spool refused messages", at: now,
        metadata: [.count: "\(messages)", .error: "\(error)"])
    case .damaged(let path, let messages, let cutBytes):
      log.log(
        level: messages > 0 ? .error : .warning, "a file of the spool was damaged, the rest of it is used", at: now,
        metadata: [.file: "\(path)", .count: "\(messages)", .bytes: "\(cutBytes)"])
    case .unreadable(let error, let messages):
      log.log(
        level: .error, "messages in the spool cannot be read", at: now,
        metadata: [.count: "\(messages)", .error: "\(error)"])
    case .upkeep(let error):
      log.log(
        level: .warning, "the spool works, but messages may be repeated after a restart", at: now,
        metadata: [.error: "\(error)"])
    }
  }
}
