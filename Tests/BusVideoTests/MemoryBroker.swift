import BusMessages
import BusVideo
import MediaModel
import MessageBus
import Synchronization

/// A broker in memory: one bus for several servers, and a queue for each stream that keeps everything.
final class MemoryBroker: MessageBus, VideoQueueSource {
  private struct Queue {
    var messages: [BusMessage] = []
    var readings: [Reading] = []
  }

  private let topics = InProcessBus()
  private let queues = Mutex<[String: Queue]>([:])

  // MARK: MessageBus

  @discardableResult func publish(_ message: BusMessage) -> PublishOutcome {
    if message.topic == .videoStream, case .text(let name) = message.headers[BusHeader.stream] {
      let readings = queues.withLock { queues in
        queues["worldsystem.video.\(name)"]?.messages.append(message)
        return queues["worldsystem.video.\(name)"]?.readings ?? []
      }
      for reading in readings { reading.wake() }
    }
    return topics.publish(message)
  }

  func flush() async throws(MessageBusError) {}
  func subscribe(_ request: SubscriptionRequest) -> BusSubscription { topics.subscribe(request) }
  var status: MessageBusStatus { topics.status }

  // MARK: Queues

  func declare(named name: String, bindingKey: String, maxBytes: Int, maxAge: Nanoseconds) {
    queues.withLock { if $0[name] == nil { $0[name] = Queue() } }
  }

  func forget(named name: String) {}

  func read(named name: String, from offset: VideoQueueOffset) -> any VideoQueueReading {
    queues.withLock { queues in
      guard let queue = queues[name] else { return Reading(broker: self, name: name, next: 0, end: .missing) }
      let start =
        switch offset {
        case .last: max(0, queue.messages.count - 1)
        case .offset(let offset): Int(offset)
        }
      let reading = Reading(broker: self, name: name, next: start, end: nil)
      queues[name]?.readings.append(reading)
      return reading
    }
  }

  /// The broker goes away and comes back: all readings end, messages stay.
  func restart() {
    let readings = queues.withLock { queues in
      var ended: [Reading] = []
      for name in queues.keys {
        ended += queues[name]?.readings ?? []
        queues[name]?.readings = []
      }
      return ended
    }
    for reading in readings { reading.finish(.connectionLost) }
  }

  /// What was published of a stream so far.
  func messages(of stream: StreamName) -> [BusMessage] {
    queues.withLock { $0[VideoQueueName.queue(of: stream)]?.messages ?? [] }
  }

  fileprivate func message(_ name: String, at index: Int) -> BusMessage? {
    queues.withLock { queues in
      guard let messages = queues[name]?.messages, index < messages.count else { return nil }
      return messages[index]
    }
  }

  fileprivate final class Reading: VideoQueueReading {
    private struct State {
      var next: Int
      var end: VideoReadingEnd?
      var hasNews = false
      var waiter: CheckedContinuation<Void, Never>?
    }

    private let broker: MemoryBroker
    private let name: String
    private let state: Mutex<State>

    init(broker: MemoryBroker, name: String, next: Int, end: VideoReadingEnd?) {
      self.broker = broker
      self.name = name
      state = Mutex(State(next: next, end: end))
    }

    func next() async throws(VideoReadingEnd) -> VideoQueueEntry {
      while true {
        let (index, end) = state.withLock { state in
          state.hasNews = false
          return (state.next, state.end)
        }
        if let end { throw end }
        if let message = broker.message(name, at: index) {
          state.withLock { $0.next += 1 }
          return VideoQueueEntry(offset: UInt64(index), message: message)
        }
        await withTaskCancellationHandler {
          await withCheckedContinuation { continuation in
            let resumes = state.withLock { state in
              guard state.end == nil, !state.hasNews else { return true }
              state.waiter = continuation
              return false
            }
            if resumes { continuation.resume() }
          }
        } onCancel: {
          close()
        }
      }
    }

    func wake() {
      let waiter = state.withLock { state in
        state.hasNews = true
        return state.waiter.take()
      }
      waiter?.resume()
    }

    func finish(_ end: VideoReadingEnd) {
      state.withLock { if $0.end == nil { $0.end = end } }
      wake()
    }

    func close() { finish(.closed) }
  }
}
