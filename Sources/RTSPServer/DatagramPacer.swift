import MediaModel

/// Spreads datagrams in time so that a key frame, or the group of pictures that a player starts with, does not
/// overflow the receiver's socket buffer: a token bucket.
package struct DatagramPacer {
  /// Bytes that may go at once. Linux gives a socket 208 kB by default, of which small packets waste half.
  package static let burstBytes = 48_000
  /// Never slower than 40 Mb/s.
  private static let minimumBytesPerSecond = 5_000_000.0

  private var bytesPerSecond = minimumBytesPerSecond
  private var available = Double(burstBytes)
  private var updatedAt: HostTime?

  package init() {}

  /// Sends four times as fast as the stream is, so that a player catches up with it.
  package mutating func adapt(toMegabitsPerSecond rate: Double) {
    bytesPerSecond = max(Self.minimumBytesPerSecond, 4 * rate * 125_000)
  }

  /// Takes leave to send a packet now; otherwise returns how long to wait.
  package mutating func wait(forBytes count: Int, at now: HostTime) -> Nanoseconds? {
    if let updatedAt {
      let earned = max(0, now.since(updatedAt).seconds) * bytesPerSecond
      available = min(Double(Self.burstBytes), available + earned)
    }
    updatedAt = now
    guard available > 0 else {
      // Sleeps until a quarter of the burst may go, rather than waking for every packet.
      return .seconds((Double(Self.burstBytes) / 4 - available) / bytesPerSecond)
    }
    available -= Double(count)
    return nil
  }
}
