import ClockSync
import Clocks
import MediaModel
import Synchronization

/// The disciplined clock as everybody reads it.
///
/// Host time is read under the lock: readings that are ordered in time are ordered in value, also while the clock is
/// being corrected. The lock is held for two system calls of the vDSO.
package final class SharedClock: Sendable {
  private let system: SystemClocks
  private let clock: Mutex<DisciplinedClock>

  package init(system: SystemClocks) {
    self.system = system
    clock = Mutex(DisciplinedClock(host: system.host(), wall: system.wall()))
  }

  /// The clocks of the system, corrected.
  package var clocks: SystemClocks { SystemClocks(host: system.host, reading: { self.reading() }) }

  private func reading() -> ClockReading {
    clock.withLock { clock in
      let host = system.host()
      let wall = clock.reading(at: host)
      return ClockReading(host: host, wall: wall, networkTimeOffset: wall.since(system.wall()))
    }
  }

  /// The correction in force, and what is still to come. Nobody relies on a reading by this.
  package func correction() -> (inForce: Nanoseconds, pending: Nanoseconds) {
    clock.withLock { clock in
      let host = system.host()
      return (clock.wall(at: host).since(system.wall()), clock.pending(at: host))
    }
  }

  package func follow(_ estimate: ClockEstimate) {
    clock.withLock { $0.follow(estimate, at: system.host()) }
  }

  /// Follows the clock of the system, until network time is known.
  package func followSystem() {
    clock.withLock { clock in
      let host = system.host()
      clock.follow(system: system.wall(), at: host)
    }
  }
}
