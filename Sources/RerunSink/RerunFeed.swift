package import BusMessages
package import CodedMedia
import Geometry
package import MediaModel
package import RerunLog
import SessionEvents
import Synchronization

/// One stream on its way to a viewer.
package final class RerunFeed: Sendable {
  private struct State {
    var reader: SessionEventReader
    /// Of the recording, which begins with the first access unit.
    var mapping: RerunMapping?
    /// The connection that has what comes first.
    var connection: Int?
  }

  package let stream: StreamName
  private let options: RerunOptions
  private let queue: RerunQueue
  private let metrics: RerunMetrics
  private let compress: RerunCompression?
  private let state: Mutex<State>

  package init(
    stream: StreamName, options: RerunOptions, queue: RerunQueue, metrics: RerunMetrics, compress: RerunCompression?
  ) {
    self.stream = stream
    self.options = options
    self.queue = queue
    self.metrics = metrics
    self.compress = compress
    state = Mutex(State(reader: SessionEventReader(stream: stream.text)))
  }

  /// The next access unit of the stream.
  package func take(_ unit: AccessUnit) {
    state.withLock { state in
      if state.mapping == nil { state.mapping = mapping(start: unit.capturedAt) }
      guard let connection = connection(&state), queue.hasRoom(for: .video) else {
        metrics.recordDropped(1, queue.connection == nil ? .away : .tooSlow)
        _ = state.reader.event(of: unit)
        _ = state.reader.videoWasCut()
        return
      }
      if let event = state.reader.event(of: unit) { put(event, &state, connection) }
    }
  }

  /// Units are missing in front of the next one.
  package func videoWasCut() { state.withLock { _ = $0.reader.videoWasCut() } }

  /// A message of the bus.
  package func take(_ message: BusMessage, at now: WallTime) {
    state.withLock { state in
      guard state.mapping != nil else { return }
      let events = state.reader.events(of: message, at: now)
      guard !events.isEmpty else { return }
      guard let connection = connection(&state), queue.hasRoom(for: .other) else {
        for event in events { state.mapping?.skip(event) }
        return metrics.recordDropped(events.count, queue.connection == nil ? .away : .tooSlow)
      }
      for event in events { put(event, &state, connection) }
    }
  }

  /// Sends what waits for more of its kind.
  package func flush() {
    state.withLock { state in
      guard let connection = state.connection, connection == queue.connection,
        let messages = state.mapping?.flush()
      else { return }
      metrics.recordMessages(messages)
      queue.put(messages, for: connection)
    }
  }

  private func put(_ event: SessionEvent, _ state: inout State, _ connection: Int) {
    guard let messages = state.mapping?.messages(of: event) else { return }
    metrics.recordMessages(messages)
    queue.put(messages, for: connection)
  }

  /// The connection, which has what comes first afterwards.
  private func connection(_ state: inout State) -> Int? {
    guard let connection = queue.connection, state.mapping != nil else { return nil }
    if state.connection != connection {
      state.connection = connection
      _ = state.reader.videoWasCut()
      if let messages = state.mapping?.begin() {
        metrics.recordMessages(messages)
        queue.put(messages, for: connection)
      }
    }
    return connection
  }

  private func mapping(start: WallTime) -> RerunMapping {
    RerunMapping(
      store: RerunStore(id: "\(stream.text)-\(start.nanosSince1970)", application: RerunOptions.application),
      name: stream.text, start: start, camera: options.camera, compress: compress)
  }
}
