import NIOCore
import CodedMedia
public import MediaModel

/// Rates of a stream over the last five seconds. A value: units and times in, figures out.
public struct StreamStatistics: Sendable {
  /// The window over which rates are measured (protocol.md section 9).
  public static let window = Nanoseconds.seconds(5)

  private var slots: [(second: Int64, units: Int, bytes: Int)] = []
  private var lastKeyFrameAt: HostTime?
  /// Units taken in since the stream began.
  public private(set) var units: UInt64 = 0
  /// Bytes taken in since the stream began.
  public private(set) var bytes: UInt64 = 0
  /// Time between the last two key frames, or `nil` before the second one.
  public private(set) var keyFrameInterval: Nanoseconds?

  public init() {}

  mutating func add(_ unit: AccessUnit) {
    let size = unit.bytes.readableBytes
    units += 1
    bytes += UInt64(size)
    if unit.isKeyFrame {
      if let last = lastKeyFrameAt { keyFrameInterval = unit.receivedAt.since(last) }
      lastKeyFrameAt = unit.receivedAt
    }
    let second = unit.receivedAt.nanos / 1_000_000_000
    if let last = slots.last, last.second == second {
      slots[slots.count - 1].units += 1
      slots[slots.count - 1].bytes += size
    } else {
      slots.append((second, 1, size))
      if slots.count > 7 { slots.removeFirst() }
    }
  }

  /// Pictures per second and megabits per second over the last five full seconds.
  public func rates(at now: HostTime) -> (framesPerSecond: Double, megabitsPerSecond: Double) {
    let current = now.nanos / 1_000_000_000
    let full = slots.filter { $0.second < current && $0.second >= current - 5 }
    guard let first = full.first else { return (0, 0) }
    let seconds = Double(max(1, min(5, current - first.second)))
    let units = full.reduce(0) { $0 + $1.units }
    let bytes = full.reduce(0) { $0 + $1.bytes }
    return (Double(units) / seconds, Double(bytes) * 8 / 1e6 / seconds)
  }
}
