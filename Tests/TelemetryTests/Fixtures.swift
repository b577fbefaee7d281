import BusMessages
import Clocks
import Logging
import MediaModel
import MessageBus
import NIOCore
import Synchronization
import Telemetry
import TestSupport
import Testing

/// A clock that stands still until it is moved. Wall time is 2023, with network time 7 ms ahead of the system.
final class ManualClock: Sendable {
  static let epoch: Int64 = 1_700_000_000_000_000_000
  private let nanos = Mutex<Int64>(1_000_000_000)

  var clocks: SystemClocks {
    SystemClocks(
      host: { HostTime(nanos: self.nanos.withLock { $0 }) },
      wall: { WallTime(nanosSince1970: Self.epoch + self.nanos.withLock { $0 }) },
      networkTimeOffset: { .milliseconds(7) })
  }

  var now: Int64 { nanos.withLock { $0 } }

  func advance(milliseconds: Int64) { nanos.withLock { $0 += milliseconds * 1_000_000 } }
}

/// A hub on a bus of its own.
final class Rig: Sendable {
  let clock = ManualClock()
  let bus = InProcessBus()
  let folder = TemporaryFolder()
  let hub: TelemetryHub

  init(session: String? = nil, change: (inout TelemetryOptions) -> Void = { _ in }) {
    let folder = folder
    var options = TelemetryOptions(
      node: "here", uploadFolder: folder.path("uploads"),
      sessionFolder: { _ in session.map { folder.path($0) } })
    change(&options)
    hub = TelemetryHub(
      options: options, bus: bus, clocks: clock.clocks, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Runs the hub while `body` does.
  func running(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await self.hub.run() }
      try await body()
      tasks.cancelAll()
    }
  }
}

/// Counts wakes, and waits for them.
final class Wakes: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  var wake: @Sendable () -> Void {
    { [continuation] in continuation.yield() }
  }

  /// The next thing that `take` gives, whenever it is there.
  func next<Element>(_ take: () -> Element?) async throws -> Element {
    if let element = take() { return element }
    for await _ in stream {
      if let element = take() { return element }
    }
    throw CancellationError()
  }
}

/// The payload of a framed message.
func payload(_ framed: ByteBuffer) -> String {
  var framed = framed
  _ = framed.readInteger(as: UInt8.self)
  switch framed.readInteger(as: UInt8.self) ?? 0 {
  case 126: _ = framed.readInteger(as: UInt16.self)
  case 127: _ = framed.readInteger(as: UInt64.self)
  default: break
  }
  return String(buffer: framed)
}

/// A sample at a time of the phone's clock.
func sample(_ timestampNanos: Int64, _ more: String = "") -> ByteBuffer {
  ByteBuffer(
    string: #"{"type":"imu_data","timestamp":\#(timestampNanos),"accelerometer":{"x":0,"y":0,"z":9.81},"#
      + #""gyroscope":{"x":0,"y":0,"z":0}\#(more)}"#)
}

extension PhoneLink {
  /// Everything that waits for the phone.
  func drain() -> [String] {
    var messages: [String] = []
    while let delivery = next() {
      messages.append(payload(delivery.message))
      sent(delivery)
    }
    return messages
  }
}
