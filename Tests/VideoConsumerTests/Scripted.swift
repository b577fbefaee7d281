import CodedMedia
import FFmpeg
import Foundation
import H264
import Logging
import MediaModel
import NIOCore
import PhoneProtocol
import Relay
import Synchronization
import VideoConsumer

/// Coded pictures of a small moving gradient, numbered from 1, with a key frame every `interval`.
func codedUnits(
  _ count: Int, keyFrameEvery interval: Int = 10, size: Resolution = Resolution(width: 64, height: 48)
) throws -> [AccessUnit] {
  var options = H264Encoder.Options()
  options.preset = .ultrafast
  options.keyFrameInterval = interval
  let encoder = try H264Encoder(resolution: size, frameRate: FrameRate(30), options: options)
  var assembler = AccessUnitAssembler()
  assembler.isAligned = true
  var units: [AccessUnit] = []
  for index in 0..<count {
    let builder = PictureBuilder(resolution: size)
    for offset in 0..<builder.strides.luma * size.height {
      builder.luma[offset] = UInt8((offset + 7 * index) % 200 + 20)
    }
    for offset in 0..<builder.strides.chroma * (size.height + 1) / 2 {
      builder.cb[offset] = 128
      builder.cr[offset] = 128
    }
    let time = Nanoseconds.milliseconds(33 * Int64(index))
    for coded in try encoder.encode(builder.seal(), presentationTime: time) {
      let now = HostTime(nanos: time.value)
      for picture in assembler.frame(coded.bytes, senderMicros: time.value / 1000, now: now).pictures {
        let captured = WallTime(nanosSince1970: time.value)
        units.append(
          AccessUnit(
            picture: picture, sequence: UInt64(units.count + 1), capturedAt: captured, decodeAt: captured,
            receivedAt: now))
      }
    }
  }
  return units
}

/// A feed that does what a script says, one act for each connection.
final class ScriptedFeed: UnitFeed {
  enum Act: Sendable {
    /// Fails before the first frame.
    case fail
    /// Delivers, then fails.
    case deliverThenFail([AccessUnit])
    /// Delivers, then ends properly.
    case deliverThenEnd([AccessUnit])
    /// Delivers, then waits until it is cancelled.
    case deliverThenWait([AccessUnit])
  }

  struct Failure: Error {}

  let isLive: Bool
  let place = "script"
  private let acts: Mutex<[Act]>
  private let afterDelivery: @Sendable () async -> Void

  init(isLive: Bool, _ acts: [Act], afterDelivery: @escaping @Sendable () async -> Void = {}) {
    self.isLive = isLive
    self.acts = Mutex(acts)
    self.afterDelivery = afterDelivery
  }

  var remaining: Int { acts.withLock { $0.count } }

  func run(_ deliver: @Sendable (FeedEvent) async -> Void) async throws {
    let act = acts.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    switch act {
    case nil: try await waitForEver()
    case .fail: throw Failure()
    case .deliverThenFail(let units):
      for unit in units { await deliver(.delivery(Delivery(unit: unit))) }
      throw Failure()
    case .deliverThenEnd(let units):
      for unit in units { await deliver(.delivery(Delivery(unit: unit))) }
      await afterDelivery()
    case .deliverThenWait(let units):
      for unit in units { await deliver(.delivery(Delivery(unit: unit))) }
      await afterDelivery()
      try await waitForEver()
    }
  }

  private func waitForEver() async throws {
    let never = AsyncStream<Void> { _ in }
    for await _ in never {}
    throw CancellationError()
  }
}

/// A consumer that writes down what it gets.
final class RecordingConsumer: VideoConsumer {
  struct Failure: Error {}

  struct Seen: Sendable, Equatable {
    var number: Int
    var sequence: UInt64
    var hasPicture: Bool
    var skipped: Int
  }

  let service = "detection"
  let demand: ConsumerDemand
  private let failsAt: Set<Int>
  private let whileConsuming: @Sendable (Int) async -> Void
  private let state = Mutex((seen: [Seen](), streams: [ConsumedStream](), finished: 0, threads: Set<String>()))

  init(
    _ demand: ConsumerDemand = .pictures(), failsAt: Set<Int> = [],
    whileConsuming: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    self.demand = demand
    self.failsAt = failsAt
    self.whileConsuming = whileConsuming
  }

  var seen: [Seen] { state.withLock { $0.seen } }
  var streams: [ConsumedStream] { state.withLock { $0.streams } }
  var finished: Int { state.withLock { $0.finished } }
  /// Names of the threads on which frames were consumed.
  var threads: Set<String> { state.withLock { $0.threads } }
  private static func threadName() -> String { Thread.current.name ?? "" }

  func streamBegan(_ stream: ConsumedStream) async throws { state.withLock { $0.streams.append(stream) } }

  func consume(_ frame: ConsumedFrame) async throws {
    let thread = Self.threadName()
    state.withLock {
      $0.threads.insert(thread)
      $0.seen.append(
        Seen(
          number: frame.number, sequence: frame.unit.sequence, hasPicture: frame.picture != nil,
          skipped: frame.skipped))
    }
    await whileConsuming(frame.number)
    if failsAt.contains(frame.number) { throw Failure() }
  }

  func finish() async { state.withLock { $0.finished += 1 } }
}

/// Something that one task waits for and another lets happen.
final class Gate: Sendable {
  private let state = Mutex((isOpen: false, waiters: [CheckedContinuation<Void, Never>]()))

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }
}

/// Keeps log records.
final class LogRecords: Sendable {
  struct Record: Sendable {
    var level: Logger.Level
    var message: String
    var metadata: [String: String]
  }

  private let state = Mutex<[Record]>([])
  var all: [Record] { state.withLock { $0 } }

  var logger: Logger {
    Logger(label: "test") { _ in Handler(records: self) }
  }

  private struct Handler: LogHandler {
    let records: LogRecords
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }
      let record = Record(
        level: event.level, message: "\(event.message)", metadata: merged.mapValues { "\($0)" })
      records.state.withLock { $0.append(record) }
    }
  }
}
