import BusMessages
import MessageBus
import RabbitMQ
import Synchronization

/// Who gets messages from one queue: a subscription, or a reader of video. It does not keep them alive.
final class Intake: Sendable {
  enum Kind: Sendable {
    case subscription(SubscriptionRequest)
    case video
  }

  // Safe because references are set once before others see them, and then only read; the runtime zeroes them atomically.
  private struct Target: @unchecked Sendable {
    weak var subscription: BusSubscription?
    weak var reader: VideoQueueReader?
  }

  let kind: Kind
  private let doorbell: Doorbell
  private let target = Mutex(Target())
  private let takenCount = Atomic<Int>(0)

  init(_ kind: Kind, _ doorbell: Doorbell) {
    self.kind = kind
    self.doorbell = doorbell
  }

  func connect(_ subscription: BusSubscription) { target.withLock { $0.subscription = subscription } }
  func connect(_ reader: VideoQueueReader) { target.withLock { $0.reader = reader } }

  var subscription: BusSubscription? { target.withLock { $0.subscription } }
  var reader: VideoQueueReader? { target.withLock { $0.reader } }

  /// Messages that were taken so far.
  var taken: Int { takenCount.load(ordering: .relaxed) }

  /// Rings when enough was taken for the broker to send more.
  func took(_ messages: Int) {
    guard acknowledges else { return }
    let before = takenCount.wrappingAdd(messages, ordering: .relaxed).oldValue
    let step = max(1, Int(prefetch) / 4)
    if before / step != (before + messages) / step { doorbell.ring() }
  }

  /// Whether the broker keeps each message until it is taken. One that goes with the connection, and may lose
  /// messages, needs no such care.
  var acknowledges: Bool {
    switch kind {
    case .subscription(let request): request.overflow == .hold || request.durableName != nil
    case .video: true
    }
  }

  /// Messages that the broker sends ahead.
  var prefetch: UInt16 {
    switch kind {
    case .subscription(let request):
      // Bytes cannot be limited in AMQP, so that a message's usual size stands for them.
      let usualBytes = request.topics.contains { $0.precedence == .bulk } ? 65_536 : 1_024
      return UInt16(clamping: max(1, min(request.messages, request.bytes / usualBytes)))
    case .video: return UInt16(VideoQueueReader.prefetch)
    }
  }
}

/// The intakes of a bus.
final class IntakeRegistry: Sendable {
  private let intakes = Mutex<[ObjectIdentifier: Intake]>([:])
  private let changes = Atomic<Int>(1)

  /// Grows with each change.
  var version: Int { changes.load(ordering: .acquiring) }
  var all: [Intake] { intakes.withLock { Array($0.values) } }
  var isEmpty: Bool { intakes.withLock { $0.isEmpty } }

  func add(_ intake: Intake) {
    intakes.withLock { $0[ObjectIdentifier(intake)] = intake }
    changes.wrappingAdd(1, ordering: .releasing)
  }

  func remove(_ intake: Intake) {
    intakes.withLock { $0[ObjectIdentifier(intake)] = nil }
    changes.wrappingAdd(1, ordering: .releasing)
  }
}
