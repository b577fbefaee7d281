public import BusMessages
public import MediaModel

/// Where to start reading a queue that keeps what was read.
public enum VideoQueueOffset: Hashable, Sendable {
  /// At the newest messages: the broker's last batch.
  case last
  /// At this number, or at the oldest one that is kept if that is higher.
  case offset(UInt64)
}

/// A message of such a queue.
public struct VideoQueueEntry: Sendable {
  /// Its number in the queue: without gaps as a rule, never twice.
  public var offset: UInt64
  public var message: BusMessage

  public init(offset: UInt64, message: BusMessage) {
    self.offset = offset
    self.message = message
  }
}

/// Why nothing more comes from a queue.
public enum VideoReadingEnd: Error, Hashable, Sendable {
  /// There is no such queue: nobody ever published the stream, or it was deleted.
  case missing
  /// The broker went away, or cancelled the reading.
  case connectionLost
  /// The broker refused, in its words.
  case refused(String)
  /// The reader closed it, or the bus was shut down.
  case closed
}

/// One reading of a queue, for one task.
public protocol VideoQueueReading: Sendable {
  /// The next message, waiting for it.
  /// - Throws: why there is none; from then on always.
  func next() async throws(VideoReadingEnd) -> VideoQueueEntry
  /// Ends it; a waiting `next()` returns. Idempotent, from any thread.
  func close()
}

/// A broker with one queue for each video stream, which keeps messages for a while and can be read from any place.
public protocol VideoQueueSource: Sendable {
  /// Sees to it that the queue of a stream exists, now and whenever the broker comes back, so that what is published
  /// from now on is kept. Never waits.
  /// - Parameters:
  ///   - bindingKey: the stream's name, by which messages find the queue.
  ///   - maxBytes: the oldest messages go when it holds more.
  ///   - maxAge: the oldest messages go when they are older.
  func declare(named name: String, bindingKey: String, maxBytes: Int, maxAge: Nanoseconds)

  /// Cares for a queue no more; the broker keeps it and what is in it.
  func forget(named name: String)

  /// Starts reading, as soon as the broker is there.
  func read(named name: String, from offset: VideoQueueOffset) -> any VideoQueueReading
}

/// The names of queues.
public enum VideoQueueName {
  /// The queue of a stream; names of streams have no characters that a broker minds.
  public static func queue(of stream: StreamName) -> String { "worldsystem.video.\(stream)" }
}
