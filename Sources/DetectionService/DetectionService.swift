public import Clocks
public import Logging
import MediaModel
public import MessageBus
import Observability
import Synchronization
public import VideoConsumer

/// Finds objects in one stream and follows them: every frame's objects with boxes and masks, published on the bus and
/// written to a file.
///
/// Mode and prompt may be changed at any time, and take effect with the next frame.
public final class DetectionService: VideoConsumer {
  private let options: DetectionServiceOptions
  private let source: any FinderSource
  private let metrics: DetectionMetrics
  private let logger: Logger
  private let core: DetectionCore
  private let wishes = Mutex(DetectionCore.Wishes())
  private let problem = Mutex<String?>(nil)

  /// - Parameters:
  ///   - source: has the methods of finding objects.
  ///   - bus: takes the results.
  ///   - metrics: shared by all of the process.
  public init(
    options: DetectionServiceOptions, source: any FinderSource, bus: any MessageBus, metrics: DetectionMetrics,
    clocks: SystemClocks = .system, logger: Logger
  ) {
    self.options = options
    self.source = source
    self.metrics = metrics
    self.logger = logger
    core = DetectionCore(
      options: options, source: source, bus: bus, metrics: metrics, clocks: clocks, logger: logger)
  }

  /// Loads what the mode needs, before there is video. To be called on a thread that may be kept busy.
  /// - Throws: what keeps the mode from being started.
  public func prepare() async throws { try await core.prepare() }

  /// How it stands.
  public var state: DetectionState { core.state.withLock { $0 } }

  /// The modes that can be had here.
  public var availableModes: [DetectionMode] {
    DetectionMode.allCases.filter { $0 == .none || source.reasonAgainst($0) == nil }
  }

  /// Why frames were left out, the first reason; `nil` when none was.
  public var frameProblem: String? { problem.withLock { $0 } }

  /// Why it cannot do its work, for health checks: the mode cannot be had, or 30 frames failed in a row.
  public var unhealthyReason: String? {
    let state = state
    if state.phase == .failed { return state.problem ?? "detection cannot be started" }
    return state.failuresInARow >= 30 ? "the last \(state.failuresInARow) frames could not be looked at" : nil
  }

  // MARK: Wishes

  /// Changes mode and prompt with the next frame. Never waits.
  /// - Throws: why nothing of it is done; counted.
  public func request(_ request: DetectionRequest) throws(DetectionRefusal) {
    do throws(DetectionRefusal) {
      let mode = try request.mode.map { word throws(DetectionRefusal) in try self.mode(word) }
      let prompt = try request.prompt.map { text throws(DetectionRefusal) in try self.prompt(text) }
      wishes.withLock { wishes in
        if let mode { wishes.mode = mode }
        if let prompt { wishes.prompt = prompt }
      }
    } catch {
      refuse(error)
      throw error
    }
  }

  /// Begins anew with the next frame: what is followed ends.
  public func restart() { wishes.withLock { $0.isRestartAsked = true } }

  /// Counts a wish that is not followed, and says so in the log.
  func refuse(_ refusal: DetectionRefusal) {
    metrics.recordRefused(refusal.reason)
    logger.warning("detection does not follow a request", metadata: [.reason: "\(refusal)"])
  }

  private func mode(_ word: String) throws(DetectionRefusal) -> DetectionMode {
    guard let mode = DetectionMode(word: word) else { throw .unknownMode(word) }
    if mode != .none, let reason = source.reasonAgainst(mode) { throw .unavailable(mode, reason: reason) }
    return mode
  }

  private func prompt(_ text: String) throws(DetectionRefusal) -> String {
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard words.contains(where: { $0.isLetter || $0.isNumber }) else { throw .badPrompt(reason: "empty") }
    guard words.utf8.count <= options.promptBytes else {
      throw .badPrompt(reason: "longer than \(options.promptBytes) bytes")
    }
    return words
  }

  // MARK: VideoConsumer

  public var service: String { "detection" }
  public var demand: ConsumerDemand { .pictures(every: options.frameSkip) }

  public func consume(_ frame: ConsumedFrame) async throws {
    guard let picture = frame.picture else { return }
    let wishes = wishes.withLock { wishes in
      defer { wishes = DetectionCore.Wishes() }
      return wishes
    }
    var taken = DetectionPicture(
      number: frame.number, nanos: frame.capturedAt.nanosSince1970, picture: picture, isLive: !frame.stream.canWait)
    (taken.skipped, taken.trace) = (frame.skipped, frame.trace)
    do { try await core.take(taken, wishes) } catch {
      problem.withLock { if $0 == nil { $0 = "frame \(frame.number): \(error)" } }
      throw error
    }
  }

  public func finish() async { await core.finish() }
}
