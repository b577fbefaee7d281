import Foundation
import Logging
import MediaModel
import Recording
import Relay
import Testing

@Suite struct RelayRecorderTests {
  @Test(.timeLimit(.minutes(1)))
  func aShortStreamIsRecordedWhileTheFolderIsStillBeingCaredFor() async throws {
    let stall = DispatchSemaphore(value: 0)
    let bench = RecordingBench()
    let slowDisk = SmallDisk(bytes: 1 << 30) { stall.wait() }
    let clocks = bench.clock.clocks
    let relay = Relay(
      configuration: RelayConfiguration(publisherGrace: .seconds(1)), clocks: clocks, logger: bench.log.logger)
    let recorder = RelayRecorder(
      relay: relay, options: bench.options,
      keeper: RecordingKeeper(options: bench.options, disk: slowDisk, clocks: clocks, logger: bench.log.logger),
      metrics: RecordingMetrics(), clocks: clocks, logger: bench.log.logger, onEvent: bench.told.add)
    let running = Task { try await recorder.run() }

    let lease = try relay.claim(.default, peer: "phone") {}
    for picture in try CodedClip.make(20) {
      lease.publish(picture, receivedAt: bench.clock.now)
      bench.clock.advance(.milliseconds(CodedClip.interval))
    }
    while recorder.sessionFolder(of: .default) == nil { await Task.yield() }
    lease.withdraw()
    relay.shutdown()
    while bench.told.sessions.isEmpty { await Task.yield() }
    let session = try #require(bench.told.sessions.first)
    #expect(session.frames >= 10 && session.outcome == .complete, "at least the group that was kept")

    stall.signal()
    running.cancel()
    try await running.value
  }
}
