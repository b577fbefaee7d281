import CodedMedia
import Clocks
import Logging
import MediaModel
import NIOCore
import Synchronization
import Testing
import VideoConsumer

@Suite struct ConsumerRunnerTests {
  private let records = LogRecords()

  private func runner(
    _ feed: ScriptedFeed, _ consumers: [RecordingConsumer],
    pause: @escaping @Sendable (Nanoseconds) async throws -> Void = { _ in }
  ) -> ConsumerRunner {
    var options = ConsumerRunner.Options()
    options.pause = pause
    return ConsumerRunner(feed: feed, consumers: consumers, options: options, logger: records.logger)
  }

  @Test func everyFrameOfAFileComesOnceAndInOrder() async throws {
    let units = try codedUnits(25)
    let consumer = RecordingConsumer()
    try await runner(ScriptedFeed(isLive: false, [.deliverThenEnd(units)]), [consumer]).run()
    #expect(consumer.seen.map(\.number) == Array(1...25))
    #expect(consumer.seen.map(\.sequence) == Array(1...25))
    #expect(consumer.seen.allSatisfy { $0.hasPicture && $0.skipped == 0 })
    #expect(consumer.finished == 1)
    #expect(consumer.streams.map(\.resolution) == [Resolution(width: 64, height: 48)])
    #expect(consumer.streams.map(\.generation) == [1])
    #expect(consumer.streams.first?.framesPerSecond == 30)
    #expect(consumer.threads == ["detection"], "it may compute as long as it needs: the thread is its own")
  }

  @Test func skipTakesEveryNthFrameFromTheFirstOn() async throws {
    let units = try codedUnits(10)
    let third = RecordingConsumer(.pictures(every: 3))
    let zero = RecordingConsumer(.pictures(every: 0))
    try await runner(ScriptedFeed(isLive: false, [.deliverThenEnd(units)]), [third, zero]).run()
    #expect(third.seen.map(\.number) == [1, 4, 7, 10])
    #expect(third.seen.allSatisfy { $0.skipped == 0 }, "what is left out on purpose was not missed")
    #expect(zero.seen.map(\.number) == Array(1...10))
  }

  @Test func unitsAndPicturesGoToThoseWhoWantThem() async throws {
    let units = try codedUnits(12)
    let coded = RecordingConsumer(.codedUnits)
    let both = RecordingConsumer(ConsumerDemand(units: true, pictureInterval: 5))
    try await runner(ScriptedFeed(isLive: false, [.deliverThenEnd(units)]), [coded, both]).run()
    #expect(coded.seen.map(\.sequence) == Array(1...12))
    #expect(coded.seen.allSatisfy { !$0.hasPicture })
    #expect(both.seen.filter { !$0.hasPicture }.map(\.sequence) == Array(1...12))
    #expect(both.seen.filter(\.hasPicture).map(\.sequence) == [1, 6, 11])
  }

  @Test func anErrorInOneFrameIsLoggedWithItsNumberAndTheNextFrameComes() async throws {
    let units = try codedUnits(6)
    let consumer = RecordingConsumer(failsAt: [3, 5])
    try await runner(ScriptedFeed(isLive: false, [.deliverThenEnd(units)]), [consumer]).run()
    #expect(consumer.seen.map(\.number) == Array(1...6))
    let errors = records.all.filter { $0.message == "frame could not be processed" }
    #expect(errors.map { $0.metadata["frame.seq"] } == ["3", "5"])
    #expect(errors.allSatisfy { $0.level == .error && $0.metadata["service"] == "detection" })
  }

  @Test func aFrameThatCannotBeDecodedIsLoggedAndNumbersGoOn() async throws {
    var units = try codedUnits(20)
    let broken = units[4]
    var picture = broken.picture
    picture.bytes = ByteBuffer(repeating: 0xFF, count: 40)
    units[4] = AccessUnit(
      picture: picture, sequence: broken.sequence, capturedAt: broken.capturedAt, decodeAt: broken.decodeAt,
      receivedAt: broken.receivedAt)
    let consumer = RecordingConsumer()
    try await runner(ScriptedFeed(isLive: false, [.deliverThenEnd(units)]), [consumer]).run()
    #expect(consumer.seen.map(\.sequence) == [1, 2, 3, 4] + Array(6...20))
    #expect(consumer.seen.map(\.number) == [1, 2, 3, 4] + Array(6...20))
    let warnings = records.all.filter { $0.message == "frame cannot be decoded" }
    #expect(warnings.map { $0.metadata["frame.seq"] } == ["5"])
  }

  @Test func waitsDoubleFromTwoToThirtySecondsAndStartOverWhenFramesCome() async throws {
    let units = try codedUnits(3)
    let acts: [ScriptedFeed.Act] =
      [.fail, .fail, .fail, .fail, .fail, .fail, .deliverThenFail(units), .fail, .deliverThenEnd(units), .fail]
    let feed = ScriptedFeed(isLive: true, acts)
    let waits = Mutex<[Double]>([])
    let consumer = RecordingConsumer(.codedUnits)
    let runner = runner(feed, [consumer]) { wait in
      let isLast = waits.withLock { waits in
        waits.append(wait.seconds)
        return waits.count == acts.count
      }
      if isLast { throw CancellationError() }
    }
    await #expect(throws: CancellationError.self) { try await runner.run() }
    #expect(waits.withLock { $0 } == [2, 4, 8, 16, 30, 30, 2, 4, 2, 4])
    #expect(consumer.streams.map(\.generation) == [1, 2], "each connection is a stream of its own")
    #expect(consumer.seen.map(\.number) == Array(1...6))
    #expect(consumer.finished == 1)
    #expect(records.all.count { $0.message == "video source is gone, trying again" } == 10)
  }

  @Test func aFileThatCannotBeReadIsAnError() async throws {
    let consumer = RecordingConsumer()
    let runner = runner(ScriptedFeed(isLive: false, [.fail]), [consumer])
    await #expect(throws: ScriptedFeed.Failure.self) { try await runner.run() }
    #expect(consumer.finished == 1)
  }

  @Test func aSlowConsumerOfLiveVideoSkipsToTheNewestPicture() async throws {
    let units = try codedUnits(30)
    let (started, delivered) = (Gate(), Gate())
    let slow = RecordingConsumer { number in
      if number == 1 {
        started.open()
        await delivered.wait()
      }
    }
    // A second consumer of the same decoder tells when the last picture is out, and is not held up by the first.
    let quick = RecordingConsumer { _ in }
    let last = RecordingConsumer(.pictures(every: 29)) { number in if number == 30 { delivered.open() } }
    let paced = PacedFeed(units) { index in if index == 1 { await started.wait() } }
    let runner = ConsumerRunner(feed: paced, consumers: [slow, quick, last], logger: records.logger)
    // Unstructured because the test cancels it.
    let task = Task { try await runner.run() }
    await delivered.wait()
    while slow.seen.count < 2 { await Task.yield() }
    task.cancel()
    _ = await task.result
    #expect(slow.seen.map(\.number) == [1, 30])
    #expect(slow.seen.map(\.skipped) == [0, 28])
    #expect(slow.finished == 1)
  }

  @Test func aStopEndsALiveSourceAndConsumersFinishOnce() async throws {
    let units = try codedUnits(5)
    let arrived = Gate()
    let feed = ScriptedFeed(isLive: true, [.deliverThenWait(units)], afterDelivery: { arrived.open() })
    let consumer = RecordingConsumer(.codedUnits)
    let runner = runner(feed, [consumer])
    // Unstructured because the test cancels it.
    let task = Task { try await runner.run() }
    await arrived.wait()
    task.cancel()
    _ = await task.result
    #expect(consumer.finished == 1)
    #expect(consumer.seen.count <= 5)
  }

  @Test func sizeAndRateAreLoggedOnConnectingAndProgressEveryHundredFrames() async throws {
    let units = try codedUnits(210, keyFrameEvery: 30)
    let consumer = RecordingConsumer(.codedUnits)
    try await runner(ScriptedFeed(isLive: false, [.deliverThenEnd(units)]), [consumer]).run()
    let open = try #require(records.all.first { $0.message == "video source is open" })
    #expect(open.metadata["stream.resolution"] == "64x48")
    #expect(open.metadata["stream.fps"] == "30.0")
    #expect(records.all.filter { $0.message == "progress" }.map { $0.metadata["count"] } == ["100", "200"])
  }
}
