public import BusMessages

/// Carries messages between the services of a system, whether they share a process or not.
///
/// A topic is a fanout: each subscription gets every message that is published after it was made. Messages of one
/// publisher and topic arrive in order. Nobody who publishes ever waits.
public protocol MessageBus: Sendable {
  /// Takes a message for delivery, at once.
  /// - Returns: what became of it; what was dropped is counted.
  @discardableResult func publish(_ message: BusMessage) -> PublishOutcome

  /// Waits until everything that was taken before is safe: delivered to every subscription in process, confirmed by the
  /// broker, or on disk.
  /// - Throws: ``MessageBusError/lost(messages:)`` when some of it was dropped.
  func flush() async throws(MessageBusError)

  /// Joins topics.
  func subscribe(_ request: SubscriptionRequest) -> BusSubscription

  /// How it stands now.
  var status: MessageBusStatus { get }
}

/// What became of a message.
public enum PublishOutcome: Hashable, Sendable {
  /// It will be delivered, or kept until that is possible.
  case accepted
  /// There was no room for it; counted.
  case dropped
}

/// Messages were lost.
public enum MessageBusError: Error, Hashable, Sendable, CustomStringConvertible {
  case lost(messages: Int)

  public var description: String {
    switch self {
    case .lost(let messages): "\(messages) messages could neither be delivered nor kept on disk"
    }
  }
}

/// How a bus stands.
public struct MessageBusStatus: Hashable, Sendable {
  /// Whether messages reach other processes, or, in process, simply `true`.
  public var isConnected: Bool
  /// What is wrong, in a line for people; `nil` when nothing is.
  public var problem: String?
  /// Messages that wait in memory and on disk.
  public var waitingMessages: Int
  public var waitingBytes: Int

  public init(isConnected: Bool, problem: String? = nil, waitingMessages: Int = 0, waitingBytes: Int = 0) {
    self.isConnected = isConnected
    self.problem = problem
    self.waitingMessages = waitingMessages
    self.waitingBytes = waitingBytes
  }
}

/// Who wants what.
public struct SubscriptionRequest: Hashable, Sendable {
  public var topics: Set<Topic>
  /// Messages that may wait for the subscriber.
  public var messages: Int
  /// Bytes that may wait for the subscriber.
  public var bytes: Int
  /// What happens when they are more.
  public var overflow: OverflowPolicy
  /// A name under which the broker keeps messages while the subscriber is away; `nil` keeps none. In process there is
  /// no such memory.
  public var durableName: String?

  /// 1,024 messages are 5 s of a phone's IMU at 200 Hz.
  public init(
    _ topics: Set<Topic>, messages: Int = 1_024, bytes: Int = 16 << 20, overflow: OverflowPolicy = .dropOldest,
    durableName: String? = nil
  ) {
    self.topics = topics
    self.messages = messages
    self.bytes = bytes
    self.overflow = overflow
    self.durableName = durableName
  }
}

/// What a full subscription does.
public enum OverflowPolicy: Hashable, Sendable {
  /// The oldest message goes, and is counted.
  case dropOldest
  /// In process, as `dropOldest`. From a broker, nothing more is fetched until there is room: nothing is lost.
  case hold
}
