import Foundation

/// One thread that runs tasks, for work that blocks or computes for more than a millisecond: decoding, inference,
/// disk. The cooperative pool, which has one thread per core, and the event loops stay free for everybody else.
///
/// Give it to `withTaskExecutorPreference(_:operation:)` or to a task group: `@concurrent` functions and default actors
/// then run on this thread. (The operation closure itself does not: it stays where it is called.) The thread ends when
/// nobody holds the executor any more. Its queue is not bounded, but has at most one entry for each task that was given
/// the executor.
public final class ThreadExecutor: TaskExecutor {
  private let jobs: JobQueue

  /// - Parameters:
  ///   - name: what tools such as `top` show; Linux keeps 15 bytes of it.
  ///   - stackBytes: the size of the thread's stack.
  public init(name: String, stackBytes: Int = 8 << 20) {
    jobs = JobQueue()
    let thread = Thread { [jobs] in
      jobs.waitUntilStarted()
      // A thread can only name itself, and knows itself only once `start()` has returned to who called it.
      Thread.current.name = name
      jobs.work()
    }
    thread.stackSize = stackBytes
    thread.start()
    jobs.started()
  }

  deinit { jobs.finish() }

  public func enqueue(_ job: consuming ExecutorJob) {
    jobs.put(JobQueue.Entry(job: UnownedJob(job), executor: asUnownedTaskExecutor()))
  }

  /// Runs `work` on the thread. Calls wait for one another.
  public func run<Result: Sendable>(_ work: @Sendable () throws -> Result) async throws -> Result {
    try await withTaskExecutorPreference(self) { try await Self.perform(work) }
  }

  @concurrent private static func perform<Result>(_ work: @Sendable () throws -> Result) async throws -> Result {
    try work()
  }
}

/// What a thread has to do.
// Safe because `entries` and the flags are only touched while `condition` is locked.
private final class JobQueue: @unchecked Sendable {
  struct Entry {
    let job: UnownedJob
    let executor: UnownedTaskExecutor
  }

  private let condition = NSCondition()
  private var entries: [Entry] = []
  private var isStarted = false
  private var isFinished = false

  func started() {
    condition.lock()
    isStarted = true
    condition.signal()
    condition.unlock()
  }

  func waitUntilStarted() {
    condition.lock()
    while !isStarted { condition.wait() }
    condition.unlock()
  }

  func put(_ entry: Entry) {
    condition.lock()
    entries.append(entry)
    condition.signal()
    condition.unlock()
  }

  func finish() {
    condition.lock()
    isFinished = true
    condition.signal()
    condition.unlock()
  }

  /// Runs jobs until nobody can put in more.
  func work() {
    while let batch = takeAll() {
      for entry in batch { entry.job.runSynchronously(on: entry.executor) }
    }
  }

  private func takeAll() -> [Entry]? {
    condition.lock()
    defer { condition.unlock() }
    while entries.isEmpty && !isFinished { condition.wait() }
    guard !entries.isEmpty else { return nil }
    defer { entries = [] }
    return entries
  }
}
