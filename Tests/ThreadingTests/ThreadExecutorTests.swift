import Foundation
import Testing
import Threading

@Suite struct ThreadExecutorTests {
  private static func threadName() -> String? { Thread.current.name }
  private static func threadID() -> String { "\(Unmanaged.passUnretained(Thread.current).toOpaque())" }

  @Test func workRunsOnOneThreadOfItsOwn() async throws {
    let executor = ThreadExecutor(name: "test")
    let first = try await executor.run { (Self.threadID(), Thread.current.name) }
    let second = try await executor.run { (Self.threadID(), Thread.current.name) }
    #expect(first.0 == second.0)
    #expect(first.1 == "test")
    let other = ThreadExecutor(name: "other")
    #expect(try await other.run { Self.threadID() } != first.0)
  }

  @Test func tasksComeBackToTheThreadAfterTheyWaited() async throws {
    let executor = ThreadExecutor(name: "test")
    let elsewhere = ThreadExecutor(name: "elsewhere")
    let names = try await withTaskExecutorPreference(executor) { try await Self.namesAround(elsewhere) }
    #expect(names == ["test", "elsewhere", "test"])
  }

  @concurrent private static func namesAround(_ elsewhere: ThreadExecutor) async throws -> [String?] {
    let before = threadName()
    let between = try await elsewhere.run { threadName() }
    return [before, between, threadName()]
  }

  @Test func manyTasksShareItWithoutOverlapping() async {
    let executor = ThreadExecutor(name: "test")
    // Safe because one thread needs no lock: lost updates would show that there are several.
    nonisolated(unsafe) var count = 0
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<200 {
        group.addTask(executorPreference: executor) {
          for _ in 0..<10 {
            count += 1
            await Task.yield()
          }
        }
      }
    }
    #expect(count == 2000)
  }

  @Test func errorsPassThrough() async {
    struct Failure: Error {}
    let executor = ThreadExecutor(name: "test")
    await #expect(throws: Failure.self) { try await executor.run { throw Failure() } }
  }
}
