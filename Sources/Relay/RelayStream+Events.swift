import MediaModel
import Observability
import Synchronization

/// What others are told. Noted under the stream's lock, so in the order of what happened; delivered outside of it.
extension RelayStream {
  func noteStart(by publisher: String, in state: inout State, at now: HostTime) {
    guard state.startedAt == nil else { return }
    state.startedAt = now
    events.note(.streamStarted(name, publisher: publisher))
  }

  func noteStop(_ reason: StreamStop.Reason, in state: inout State, at now: HostTime) {
    guard let startedAt = state.startedAt.take() else { return }
    let statistics = state.statistics
    events.note(
      .streamStopped(
        name,
        StreamStop(
          reason: reason, frames: statistics.units, bytes: statistics.bytes, duration: now.since(startedAt))))
  }

  /// The server stops, and with it the stream.
  func noteShutdown(at now: HostTime) {
    state.withLock { noteStop(.shutdown, in: &$0, at: now) }
  }

  func noteJoin(_ reader: ReaderIdentity, _ options: ReaderOptions) {
    if options.isAnnounced { events.note(.readerJoined(name, reader)) }
  }

  func noteLeave(_ reader: ReaderIdentity, _ options: ReaderOptions, _ stop: ReaderStop) {
    if options.isAnnounced { events.note(.readerLeft(name, reader, stop)) }
  }
}
