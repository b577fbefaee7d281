import CRabbitMQ

#if canImport(Glibc)
  import Glibc
#endif

/// Wakes a thread that waits for a socket: an eventfd. The kernel orders what threads do to it.
public final class Doorbell: Sendable {
  let descriptor: Int32

  public init() { descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)) }

  deinit { close(descriptor) }

  /// Wakes who waits now or next.
  public func ring() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  /// Waits for a ring, without a connection.
  /// - Parameter milliseconds: at most so long.
  public func wait(milliseconds: Int) {
    var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&place, 1, Int32(clamping: max(0, milliseconds)))
    silence()
  }

  func silence() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
  }
}
