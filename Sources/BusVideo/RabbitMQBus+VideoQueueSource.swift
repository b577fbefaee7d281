public import MediaModel
public import RabbitMQBus

/// Streams of RabbitMQ: queues that keep what was read.
extension RabbitMQBus: VideoQueueSource {
  public func declare(named name: String, bindingKey: String, maxBytes: Int, maxAge: Nanoseconds) {
    declareVideoQueue(named: name, bindingKey: bindingKey, maxBytes: maxBytes, maxAge: maxAge)
  }

  public func forget(named name: String) { forgetVideoQueue(named: name) }

  public func read(named name: String, from offset: VideoQueueOffset) -> any VideoQueueReading {
    let start: StreamOffset =
      switch offset {
      case .last: .last
      case .offset(let offset): .offset(offset)
      }
    return RabbitMQReading(reader: readVideoQueue(named: name, from: start))
  }
}

/// A reading of a stream of RabbitMQ.
private struct RabbitMQReading: VideoQueueReading {
  let reader: VideoQueueReader

  func next() async throws(VideoReadingEnd) -> VideoQueueEntry {
    guard let delivery = await reader.next() else {
      switch reader.end {
      case .noQueue: throw .missing
      case .connectionLost: throw .connectionLost
      case .refused(let reason): throw .refused(reason)
      case .closed, nil: throw .closed
      }
    }
    return VideoQueueEntry(offset: delivery.offset, message: delivery.message)
  }

  func close() { reader.close() }
}
