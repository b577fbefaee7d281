import Clocks
import CodedMedia
import MediaModel
import NIOCore
import Relay

/// Waits a bounded time for the parameter sets of a stream, by joining it. Lives on an event loop.
final class DescribeWait {
  private var reader: LoopReader?
  private var timeout: Scheduled<Void>?
  private var onDone: ((ParameterSets?) -> Void)?

  /// - Parameter onDone: gets the sets, or `nil` when none came in time; not called after `cancel()`, and never
  ///   before this initialiser returns.
  init(
    stream: RelayStream, eventLoop: any EventLoop, limit: Nanoseconds, clocks: SystemClocks,
    onDone: @escaping (ParameterSets?) -> Void
  ) {
    self.onDone = onDone
    var options = ReaderOptions(policy: .keyframes, transport: .rtsp)
    options.isProbe = true
    reader = LoopReader(
      stream: stream, options: options, eventLoop: eventLoop,
      onAvailable: { [weak self] in
        guard let self, let delivery = reader?.next(at: clocks.host()) else { return }
        finish(delivery.unit.parameterSets)
      },
      onEnd: { [weak self] _ in self?.finish(nil) })
    timeout = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(limit.value)) { [weak self] in
      self?.finish(nil)
    }
  }

  /// Stops waiting.
  func cancel() {
    onDone = nil
    reader?.close()
    reader = nil
    timeout?.cancel()
  }

  private func finish(_ sets: ParameterSets?) {
    let onDone = onDone
    cancel()
    onDone?(sets)
  }
}
