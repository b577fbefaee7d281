import Clocks
import CodedMedia
import Logging
import MediaModel
import NIOCore
import Relay
import Synchronization

/// Parameter sets whose content does not matter to a relay.
func makeSets(_ mark: UInt8 = 1, reorderDepth: Int = 0) -> ParameterSets {
  ParameterSets(
    sps: ByteBuffer(bytes: [0x67, mark]), pps: [ByteBuffer(bytes: [0x68, mark])],
    resolution: Resolution(width: 640, height: 480), codecString: "avc1.42c01f", reorderDepth: reorderDepth)
}

/// A coded picture of `size` bytes.
func makePicture(
  key: Bool = false, size: Int = 100, sets: ParameterSets, carriesSets: Bool = false, micros: Int64 = 0,
  mark: UInt8 = 0
) -> CodedPicture {
  CodedPicture(
    bytes: ByteBuffer(repeating: mark, count: size), nalUnits: [.init(offset: 4, length: size - 4)],
    senderMicros: micros, isKeyFrame: key, carriesParameterSets: carriesSets, parameterSets: sets)
}

/// Units numbered from 1; a `K` in `pattern` is a key frame, anything else is not.
func makeUnits(
  _ pattern: String, size: Int = 100, sets: ParameterSets = makeSets(), from first: UInt64 = 1
) -> [AccessUnit] {
  pattern.enumerated().map { index, character in
    AccessUnit(
      picture: makePicture(key: character == "K", size: size, sets: sets), sequence: first + UInt64(index),
      capturedAt: WallTime(nanosSince1970: 0), decodeAt: WallTime(nanosSince1970: 0), receivedAt: HostTime(nanos: 0))
  }
}

/// A clock that stands still until it is moved.
final class ManualClock: Sendable {
  private let nanos = Mutex<Int64>(1_000_000_000)

  var now: HostTime { HostTime(nanos: nanos.withLock { $0 }) }

  func advance(by duration: Nanoseconds) { nanos.withLock { $0 += duration.value } }

  var clocks: SystemClocks {
    SystemClocks(host: { self.now }, wall: { WallTime(nanosSince1970: self.now.nanos + 1_700_000_000_000_000_000) })
  }
}

/// A relay on a manual clock, silent.
func makeRelay(_ configuration: RelayConfiguration = .init()) -> (Relay, ManualClock) {
  let clock = ManualClock()
  let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  return (Relay(configuration: configuration, clocks: clock.clocks, logger: logger), clock)
}
