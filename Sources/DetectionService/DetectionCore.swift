internal import Clocks
internal import Logging
import MediaModel
internal import MessageBus
import Observability
import Synchronization
internal import Tracking

/// A picture and what is to be known of it.
struct DetectionPicture: Sendable {
  var number: Int
  /// When it was captured.
  var nanos: Int64
  var picture: Picture
  var isLive: Bool
  var skipped = 0
  var trace: TraceContext?

  init(number: Int, nanos: Int64, picture: Picture, isLive: Bool) {
    self.number = number
    self.nanos = nanos
    self.picture = picture
    self.isLive = isLive
  }
}

/// What finds objects, and everything that follows from that. Calls come one after the other, on the service's thread.
actor DetectionCore {
  /// What was wished for since the last frame.
  struct Wishes: Sendable {
    var mode: DetectionMode?
    var prompt: String?
    var isRestartAsked = false
  }

  private let options: DetectionServiceOptions
  private let source: any FinderSource
  private let bus: any MessageBus
  private let metrics: DetectionMetrics
  private let clocks: SystemClocks
  private let logger: Logger
  /// For everybody else.
  nonisolated let state: Mutex<DetectionState>

  private var finder: (any ObjectFinder)?
  private var mode: DetectionMode
  private var prompt: String
  /// Added to the identifiers of a finder, so that those of an earlier one do not come again.
  private var identifierBase = 0
  private var largestIdentifier = 0
  private var isResultLossLogged = false
  private var choicesLogged: (choices: [FinderReport.Choice], at: HostTime)?

  init(
    options: DetectionServiceOptions, source: any FinderSource, bus: any MessageBus, metrics: DetectionMetrics,
    clocks: SystemClocks, logger: Logger
  ) {
    self.options = options
    self.source = source
    self.bus = bus
    self.metrics = metrics
    self.clocks = clocks
    self.logger = logger
    mode = options.mode ?? source.usualMode
    prompt = options.prompt
    state = Mutex(DetectionState(mode: mode, prompt: prompt))
    metrics.record(mode)
  }

  /// Begins with the mode that the options ask for, before there is video.
  func prepare() async throws {
    guard mode != .none, finder == nil else { return }
    try await start(mode)
  }

  /// Follows wishes, then looks at a picture.
  func take(_ frame: DetectionPicture, _ wishes: Wishes) async throws {
    await follow(wishes)
    guard let finder else { return }
    let start = clocks.host()
    var objects: [TrackedObject]
    do {
      objects = try await finder.find(
        in: frame.picture, number: frame.number, at: frame.nanos, isLive: frame.isLive)
      try Self.check(objects)
    } catch {
      state.withLock { state in
        state.failuresInARow += 1
        state.skippedCount += frame.skipped
      }
      throw error
    }
    let report = await finder.report()
    let end = clocks.host()
    metrics.record(.find, took: end.since(start))
    metrics.record(report)
    for index in objects.indices { objects[index].id += identifierBase }
    let fresh = max(report.startedCount, objects.count { $0.id > largestIdentifier })
    largestIdentifier = objects.reduce(largestIdentifier) { max($0, $1.id) }
    metrics.recordObjects(objects.count, started: fresh)
    log(report, at: end)
    state.withLock { state in
      state.phase = .running
      state.report = report
      state.frameCount += 1
      state.skippedCount += frame.skipped
      state.frameNumber = frame.number
      state.objectCount = objects.count
      state.frameNanos = end.since(start).value
      state.failuresInARow = 0
    }
    try publish(
      DetectedFrame(
        number: frame.number, nanos: frame.nanos, resolution: frame.picture.resolution, objects: objects,
        method: finder.mode, trace: frame.trace))
    metrics.record(.publish, took: clocks.host().since(end))
    options.watch?(objects, frame.picture, frame.number, frame.nanos)
  }

  /// Nothing comes any more.
  func finish() async {
    await stop()
    options.results?.close()
    if let failure = options.results?.failure { logLostResult(failure) }
  }

  // MARK: Wishes

  private func follow(_ wishes: Wishes) async {
    if let wanted = wishes.mode, wanted != mode {
      await stop()
      mode = wanted
      metrics.recordChange()
      state.withLock { $0.problem = nil }
    } else if wishes.isRestartAsked {
      await stop()
    }
    if let wanted = wishes.prompt, wanted != prompt { await tell(wanted) }
    guard mode != .none else { return become(.none, .off) }
    let hasFailed = state.withLock { $0.phase } == .failed
    guard finder == nil, !hasFailed || wishes.mode != nil || wishes.isRestartAsked else { return }
    do { try await start(mode) } catch {
      let why = "mode \(mode.rawValue) could not be started: \(error)"
      logger.error("detection mode cannot be started", metadata: [.mode: "\(mode.rawValue)", .error: "\(error)"])
      state.withLock { $0.problem = why }
      guard mode != .motion, source.reasonAgainst(.motion) == nil else {
        return become(mode, .failed)
      }
      mode = .motion
      do { try await start(mode) } catch { become(mode, .failed) }
    }
  }

  /// Changes the prompt; where the finder does not understand it, the one before stays.
  private func tell(_ wanted: String) async {
    do {
      try await finder?.setPrompt(wanted)
      prompt = wanted
      logger.info("detection has another prompt", metadata: [.count: "\(wanted.utf8.count)"])
    } catch {
      metrics.recordRefused(.prompt)
      logger.warning("detection cannot take a prompt", metadata: [.error: "\(error)"])
      state.withLock { $0.problem = "the prompt was not understood: \(error)" }
    }
    state.withLock { [prompt] in $0.prompt = prompt }
  }

  private func start(_ wanted: DetectionMode) async throws {
    become(wanted, .loading)
    let start = clocks.host()
    let made = try await source.finder(wanted, prompt: prompt)
    metrics.record(.load, took: clocks.host().since(start))
    finder = made
    identifierBase = largestIdentifier
    let report = await made.report()
    logger.notice(
      "detection runs",
      metadata: [.mode: "\(wanted.rawValue)", .method: "\(made.mode)", .model: "\(report.model ?? "none")"])
    choicesLogged = nil
    become(wanted, .running)
    state.withLock { state in
      state.method = made.mode
      state.report = report
      state.failuresInARow = 0
    }
  }

  private func stop() async {
    guard let running = finder else { return }
    finder = nil
    await running.finish()
    state.withLock { state in
      state.method = nil
      state.report = FinderReport()
      state.objectCount = 0
    }
    metrics.recordObjects(0, started: 0)
  }

  private func become(_ mode: DetectionMode, _ phase: DetectionState.Phase) {
    metrics.record(mode)
    state.withLock { state in
      state.mode = mode
      state.phase = phase
    }
  }

  // MARK: Output

  private static func check(_ objects: [TrackedObject]) throws {
    for object in objects {
      guard object.score.isFinite, (0..<4).allSatisfy({ object.box[$0].isFinite }) else {
        throw DetectionServiceError.notANumber(object: object.id)
      }
    }
  }

  private func publish(_ frame: DetectedFrame) throws {
    bus.publish(try frame.message(stream: options.stream))
    let places = options.places?(frame.objects, frame.resolution, frame.nanos) ?? [:]
    guard let results = options.results, !results.append(frame.line(places)) else { return }
    metrics.recordResultLost()
    if let failure = results.failure { logLostResult(failure) }
  }

  private func logLostResult(_ failure: some Error) {
    guard !isResultLossLogged else { return }
    isResultLossLogged = true
    logger.error("results cannot be written", metadata: [.reason: "\(failure)"])
  }

  /// Says what a finder decided whenever that changes, but not more often than every ten seconds.
  private func log(_ report: FinderReport, at now: HostTime) {
    if let logged = choicesLogged {
      guard logged.choices != report.choices, now.since(logged.at) > .seconds(10) else { return }
    }
    choicesLogged = (report.choices, now)
    guard !report.choices.isEmpty else { return }
    let text = report.choices.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    logger.info("detection has chosen", metadata: [.mode: "\(mode.rawValue)", .state: "\(text)"])
  }
}

/// What a finder did wrong.
public enum DetectionServiceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A box or score that is infinite, or no number.
  case notANumber(object: Int)

  public var description: String {
    switch self {
    case .notANumber(let object): "object \(object) has a box or a score that is no number"
    }
  }
}
