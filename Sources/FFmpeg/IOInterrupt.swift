import CFFmpeg
import MediaModel
import Synchronization

/// The way out of blocking I/O in FFmpeg: a cancellation that any thread may ask for, and a deadline for the
/// operation that runs at the moment. One interrupt belongs to one `Demuxer` or `StreamPusher`.
///
/// FFmpeg looks at it about every 100 ms while it waits for a socket. Resolving a host name is the one wait that it
/// does not cover.
public final class IOInterrupt: Sendable {
  private let isCancelledFlag = Atomic(false)
  private let deadlineMicros = Atomic(Int64.max)

  public init() {}

  /// Makes the running operation and every later one fail with `FFmpegError.cancelled`. Any thread may call it.
  public func cancel() { isCancelledFlag.store(true, ordering: .releasing) }

  /// Whether `cancel()` was called.
  public var isCancelled: Bool { isCancelledFlag.load(ordering: .acquiring) }

  /// Starts the time of one operation; `nil` lets it wait for ever.
  func arm(_ timeout: Nanoseconds?) {
    let end = timeout.map { av_gettime_relative() &+ $0.value / 1000 } ?? .max
    deadlineMicros.store(end, ordering: .relaxed)
  }

  /// Whether the running operation has to end now.
  var mustStop: Bool { isCancelled || isLate }

  private var isLate: Bool {
    let deadline = deadlineMicros.load(ordering: .relaxed)
    return deadline != .max && av_gettime_relative() > deadline
  }

  /// The error for a failed operation: what made it fail, if it was this interrupt.
  func error(_ code: Int32, _ operation: FFmpegError.Operation, place: String) -> FFmpegError {
    if isCancelled { return .cancelled(operation, place: place) }
    // Protocols report an interrupted wait as AVERROR_EXIT or as an I/O error, so the clock decides.
    if isLate || code == ws_averror(ETIMEDOUT) { return .timedOut(operation, place: place) }
    return .from(code, operation, place: place)
  }

  /// What libavformat calls while it waits. The caller keeps `self` alive as long as the context lives.
  var callback: AVIOInterruptCB {
    AVIOInterruptCB(
      callback: { opaque in
        guard let opaque else { return 0 }
        return Unmanaged<IOInterrupt>.fromOpaque(opaque).takeUnretainedValue().mustStop ? 1 : 0
      },
      opaque: Unmanaged.passUnretained(self).toOpaque())
  }
}
