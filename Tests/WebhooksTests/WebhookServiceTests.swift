import BusMessages
import Clocks
import Logging
import MediaModel
import MessageBus
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing
import Webhooks

/// Answers as a script says, and keeps what was posted.
private final class ScriptedSender: WebhookSender {
  struct Post: Sendable {
    var url: String
    var body: ByteBuffer
    var headers: [String: String]
  }

  private struct State {
    var posts: [Post] = []
    var answers: [String: [WebhookAnswer]]
    var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    var isShutDown = false
  }

  private let state: Mutex<State>

  /// - Parameter answers: for each URL, in order; afterwards 200. An endpoint without a list never answers.
  init(_ answers: [String: [WebhookAnswer]]) { state = Mutex(State(answers: answers)) }

  var posts: [Post] { state.withLock { $0.posts } }
  var isShutDown: Bool { state.withLock { $0.isShutDown } }

  func post(_ body: ByteBuffer, headers: [(String, String)], to url: String) async -> WebhookAnswer {
    let (answer, ready) = state.withLock { state -> (WebhookAnswer?, [CheckedContinuation<Void, Never>]) in
      state.posts.append(Post(url: url, body: body, headers: Dictionary(headers) { first, _ in first }))
      let count = state.posts.count
      let ready = state.waiters.filter { $0.count <= count }.map(\.continuation)
      state.waiters.removeAll { $0.count <= count }
      guard var answers = state.answers[url] else { return (nil, ready) }
      let answer = answers.isEmpty ? WebhookAnswer.status(200, retryAfter: nil) : answers.removeFirst()
      state.answers[url] = answers
      return (answer, ready)
    }
    for continuation in ready { continuation.resume() }
    guard let answer else {
      try? await Task.sleep(for: .seconds(3_600))
      return .failed("cancelled")
    }
    return answer
  }

  /// Returns once so many posts were made.
  func waitForPosts(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        guard state.posts.count < count else { return true }
        state.waiters.append((count, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  func shutDown() async { state.withLock { $0.isShutDown = true } }
}

@Suite(.timeLimit(.minutes(1))) struct WebhookServiceTests {
  private let bus = InProcessBus()
  private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  private let clocks = SystemClocks(
    host: SystemClocks.system.host, wall: { WallTime(nanosSince1970: 1_614_265_330_500_000_000) })

  private func service(
    _ urls: [String], _ sender: ScriptedSender, finalTime: Nanoseconds = .milliseconds(50)
  ) throws -> WebhookService {
    var configuration = WebhookService.Configuration(urls: urls, node: "here", version: "1.2.3")
    configuration.policy.firstRetry = .milliseconds(1)
    configuration.policy.longestRetry = .milliseconds(1)
    configuration.finalTime = finalTime
    return try WebhookService(
      configuration: configuration, bus: bus,
      secret: { try WebhookSecret(text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") }, sender: sender, clocks: clocks,
      logger: logger)
  }

  private func publish(_ id: String, node: String = "here") throws {
    bus.publish(try LifecycleEvent(type: .streamStarted, timestamp: 1, id: id, node: node).message())
  }

  private func run(_ service: WebhookService, _ body: @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let services = ServiceGroup(services: [service], logger: logger)
      group.addTask { try await services.run() }
      try await body()
      await services.triggerGracefulShutdown()
      try await group.waitForAll()
    }
  }

  @Test func eventsOfThisNodeArePostedSignedAndInOrder() async throws {
    let sender = ScriptedSender(["https://a": [.status(500, retryAfter: nil), .failed("x")]])
    let service = try service(["https://a"], sender)
    try publish("1")
    try publish("x", node: "elsewhere")
    try publish("2")
    try await run(service) { await sender.waitForPosts(4) }
    #expect(sender.posts.map { $0.headers["Webhook-Id"] } == ["1", "1", "1", "2"])
    let post = try #require(sender.posts.last)
    #expect(post.headers["Content-Type"] == "application/json")
    #expect(post.headers["User-Agent"] == "worldsystem/1.2.3")
    #expect(post.headers["Webhook-Timestamp"] == "1614265330")
    let secret = try WebhookSecret(text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    #expect(
      post.headers["Webhook-Signature"]
        == secret.signature(id: "2", timestamp: 1_614_265_330, body: post.body.readableBytesView))
    #expect(try LifecycleEvent(post.body).id == "2")
    #expect(sender.isShutDown)
  }

  @Test func anEndpointThatNeverAnswersDelaysNoOther() async throws {
    let sender = ScriptedSender(["https://good": []])
    let service = try service(["https://stuck", "https://good"], sender)
    for number in 1...5 { try publish("\(number)") }
    try await run(service) { await sender.waitForPosts(6) }
    #expect(
      sender.posts.filter { $0.url == "https://good" }.map { $0.headers["Webhook-Id"] } == ["1", "2", "3", "4", "5"])
    #expect(sender.posts.filter { $0.url == "https://stuck" }.count == 1)
  }

  @Test func whatWaitsAtTheEndIsPosted() async throws {
    let sender = ScriptedSender(["https://a": []])
    let service = try service(["https://a"], sender)
    try await run(service) {
      for number in 1...20 { try publish("\(number)") }
    }
    #expect(sender.posts.count == 20)
  }

  @Test func whatFailsAtTheEndIsTriedAgainWhileThereIsTime() async throws {
    let sender = ScriptedSender(["https://a": [.failed("HTTPParserError"), .status(503, retryAfter: nil)]])
    let service = try service(["https://a"], sender, finalTime: .seconds(40))
    try await run(service) {
      for number in 1...3 { try publish("\(number)") }
    }
    #expect(sender.posts.map { $0.headers["Webhook-Id"] } == ["1", "1", "1", "2", "3"])
  }

  @Test func theEndDoesNotWaitForATryThatComesTooLate() async throws {
    let sender = ScriptedSender(["https://a": [.status(503, retryAfter: .seconds(600))]])
    let service = try service(["https://a"], sender, finalTime: .seconds(300))
    try await run(service) { try publish("1") }
    #expect(sender.posts.count == 1)
  }

  @Test func aServiceWithoutItsKeysDoesNotStart() {
    #expect(throws: WebhookError.self) {
      _ = try WebhookService(
        configuration: .init(urls: ["https://a"], node: "here", version: "1"), bus: bus,
        secret: { try WebhookSecret(text: "") }, sender: ScriptedSender([:]), logger: logger)
    }
  }
}
