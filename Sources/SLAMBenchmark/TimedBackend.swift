public import Geometry
public import SLAM
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Processor times of pieces of work of one kind.
public final class ProcessorTimes: Sendable {
  private let seconds = Mutex<[Double]>([])

  public init() {}

  func note(_ time: Double) { seconds.withLock { $0.append(time) } }

  /// All of them, which are forgotten.
  func takeAll() -> [Double] {
    seconds.withLock { seconds in
      defer { seconds = [] }
      return seconds
    }
  }

  /// The time that a share of them stayed within, seconds; 0 when there were none.
  public func quantile(_ share: Double) -> Double {
    let sorted = seconds.withLock { $0 }.sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(max(Int(share * Double(sorted.count)), 0), sorted.count - 1)]
  }

  /// The sum, seconds.
  public var total: Double { seconds.withLock { $0.reduce(0, +) } }

  /// How many there were.
  public var count: Int { seconds.withLock { $0.count } }
}

/// A back end that is timed, by the processor time of its thread.
public struct TimedBackend: SLAMBackend {
  private var backend: any SLAMBackend
  private let frames: ProcessorTimes
  private let ends: ProcessorTimes

  public init(_ backend: any SLAMBackend, frames: ProcessorTimes, ends: ProcessorTimes) {
    self.backend = backend
    self.frames = frames
    self.ends = ends
  }

  public mutating func add(_ frame: SLAMFrame) -> SLAMUpdate {
    let start = Self.threadSeconds()
    defer { frames.note(Self.threadSeconds() - start) }
    return backend.add(frame)
  }

  public mutating func finish() {
    let start = Self.threadSeconds()
    defer { ends.note(Self.threadSeconds() - start) }
    backend.finish()
  }

  public func trajectory(since nanos: Int64) -> [SLAMPose] { backend.trajectory(since: nanos) }
  public var snapshot: SLAMSnapshot { backend.snapshot }
  public var memory: SLAMMemory { backend.memory }
  public var camera: CameraModel { backend.camera }

  public func points(seenByKeyFrame frameNumber: Int) -> [SLAMSnapshot.Sighting] {
    backend.points(seenByKeyFrame: frameNumber)
  }

  private static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
