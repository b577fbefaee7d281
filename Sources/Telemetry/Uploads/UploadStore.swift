import CoreMetrics
import Clocks
import DequeModule
import Foundation
import Logging
import MediaModel
import Observability
import Synchronization
import TelemetryProtocol
import Threading

/// Writes files of phones, on a thread of its own.
///
/// A file is written under a name that starts with a dot, flushed to disk, and only then given its own name: who looks
/// sees whole files only. No file is ever replaced.
final class UploadStore: Sendable {
  private struct Key: Hashable {
    var phone: UInt64
    var upload: UploadDesk.ID
  }

  private struct Job: Sendable {
    var action: UploadDesk.Action
    var phone: PhoneLink
  }

  private struct State {
    var jobs: Deque<Job> = []
    var bytes = 0
    /// Files of which a part was not taken.
    var failed: Set<Key> = []
    var waiter: CheckedContinuation<Void, Never>?
    var isClosed = false
  }

  /// Parts that wait for the disk; 64 MiB are the largest file that is allowed unless configured otherwise.
  private static let waitingBytes = 64 << 20
  /// Beginnings that wait for the disk.
  private static let waitingJobs = 1_024

  private let options: TelemetryOptions
  private let metrics: TelemetryMetrics
  private let clocks: SystemClocks
  private let logger: Logger
  private let thread = ThreadExecutor(name: "uploads")
  private let state = Mutex(State())

  init(options: TelemetryOptions, metrics: TelemetryMetrics, clocks: SystemClocks, logger: Logger) {
    self.options = options
    self.metrics = metrics
    self.clocks = clocks
    self.logger = logger
  }

  /// Has something done. Never waits: what cannot be kept until the disk takes it makes its file fail.
  func submit(_ action: UploadDesk.Action, of phone: PhoneLink) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      switch action {
      case .begin(let id, _):
        if state.isClosed || state.jobs.count >= Self.waitingJobs {
          state.failed.insert(Key(phone: phone.id, upload: id))
        }
      case .append(let id, let text):
        let key = Key(phone: phone.id, upload: id)
        if state.bytes + text.utf8.count > Self.waitingBytes { state.failed.insert(key) }
        if state.failed.contains(key) { return nil }
        state.bytes += text.utf8.count
      case .commit, .discard: break
      }
      state.jobs.append(Job(action: action, phone: phone))
      return state.waiter.take()
    }
    waiter?.resume()
  }

  /// Works until the task is cancelled; files that are not complete are removed then.
  func run() async {
    await withTaskExecutorPreference(thread) { await work() }
  }

  @concurrent private func work() async {
    var files: [Key: UploadFile] = [:]
    while true {
      let (jobs, isClosed) = state.withLock { state in
        defer { state.jobs.removeAll() }
        return (state.jobs, state.isClosed)
      }
      for job in jobs { perform(job, &files) }
      if jobs.isEmpty {
        if isClosed { break }
        await waitForJobs()
      }
    }
    for file in files.values { file.discard() }
  }

  private func waitForJobs() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard state.jobs.isEmpty, !state.isClosed else { return true }
          state.waiter = continuation
          return false
        }
        if resumesNow { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.isClosed = true
        return state.waiter.take()
      }
      waiter?.resume()
    }
  }

  // MARK: On the thread

  private func perform(_ job: Job, _ files: inout [Key: UploadFile]) {
    switch job.action {
    case .begin(let id, let name):
      let key = Key(phone: job.phone.id, upload: id)
      guard !hasFailed(key) else { return }
      do throws(UploadStorageError) {
        files[key] = try UploadFile(name: name, folder: folder(for: job.phone), key: "\(key.phone)-\(key.upload)")
      } catch {
        fail(key, error)
      }
    case .append(let id, let text):
      let key = Key(phone: job.phone.id, upload: id)
      state.withLock { $0.bytes -= text.utf8.count }
      guard !hasFailed(key), let file = files[key] else { return }
      do throws(UploadStorageError) { try file.append(text) } catch { fail(key, error) }
    case .commit(let id, let given): commit(Key(phone: job.phone.id, upload: id), given, job.phone, &files)
    case .discard(let id):
      let key = Key(phone: job.phone.id, upload: id)
      files.removeValue(forKey: key)?.discard()
      state.withLock { _ = $0.failed.remove(key) }
    }
  }

  private func commit(_ key: Key, _ given: String, _ phone: PhoneLink, _ files: inout [Key: UploadFile]) {
    let file = files.removeValue(forKey: key)
    let failed = state.withLock { $0.failed.remove(key) != nil }
    guard let file, !failed else {
      file?.discard()
      return phone.answer(name: given, saved: nil, problem: .storage)
    }
    do throws(UploadStorageError) {
      let saved = try file.commit()
      metrics.uploadBytes.increment(by: file.bytes)
      logger.info(
        "file of phone written",
        metadata: [.stream: "\(phone.stream)", .file: "\(saved)", .bytes: "\(file.bytes)"])
      phone.answer(name: given, saved: (saved, file.bytes), problem: nil)
    } catch {
      log(error)
      file.discard()
      phone.answer(name: given, saved: nil, problem: .storage)
    }
  }

  private func hasFailed(_ key: Key) -> Bool { state.withLock { $0.failed.contains(key) } }

  private func fail(_ key: Key, _ error: UploadStorageError) {
    log(error)
    state.withLock { _ = $0.failed.insert(key) }
  }

  private func log(_ error: UploadStorageError) {
    logger.error("file of phone cannot be written", metadata: [.error: "\(error)"])
  }

  /// The recording of the phone's stream, else a folder named after when the phone connected.
  private func folder(for phone: PhoneLink) -> String {
    if let session = options.sessionFolder(phone.stream) { return session }
    var seconds = time_t(phone.since.nanosSince1970 / 1_000_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let name = String(
      format: "%04d%02d%02d_%02d%02d%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
      parts.tm_min, parts.tm_sec)
    return options.uploadFolder + "/" + name
  }
}
