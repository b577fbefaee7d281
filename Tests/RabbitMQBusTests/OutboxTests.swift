import BusMessages
import NIOCore
import RabbitMQBus
import Testing

struct OutboxTests {
  private static func message(_ topic: Topic, bytes: Int = 0) -> BusMessage {
    BusMessage(topic: topic, body: ByteBuffer(repeating: 0, count: bytes), contentType: BusMessage.json)
  }

  private static func outbox(messages: Int = 4, bytes: Int = 1_000_000, _ topics: [Topic]) -> Outbox {
    var outbox = Outbox(limits: .init(messages: messages, bytes: bytes))
    for topic in topics { _ = outbox.put(message(topic)) }
    return outbox
  }

  @Test func messagesComeOutInTheOrderOfPublishing() {
    var outbox = Self.outbox([.imuData, .videoStream, .imuData, .videoStream])
    #expect(outbox.firstSequence == 1)
    #expect(outbox.take(maxMessages: 3, maxBytes: .max).map(\.sequence) == [1, 2, 3])
    #expect(outbox.take(maxMessages: 3, maxBytes: .max).map(\.sequence) == [4])
    #expect(outbox.isEmpty)
    #expect(outbox.bytes == 0)
  }

  @Test func takingStopsWithTheMessageThatReachesTheBytes() {
    var outbox = Self.outbox([.imuData, .imuData, .imuData])
    #expect(outbox.take(maxMessages: 10, maxBytes: 101).map(\.sequence) == [1, 2])
  }

  @Test func theOldestBulkGoesFirst() {
    var outbox = Self.outbox([.imuData, .videoStream, .videoStream, .imuData])
    #expect(outbox.put(Self.message(.imuData)).dropped == [2])
    #expect(outbox.put(Self.message(.imuData)).dropped == [3])
    let outcome = outbox.put(Self.message(.imuData))
    #expect(outcome.dropped == [1])
    #expect(outcome.isAccepted)
    #expect(outbox.take(maxMessages: 10, maxBytes: .max).map(\.sequence) == [4, 5, 6, 7])
  }

  @Test func bulkFindsNoRoomAmongWhatMatters() {
    var outbox = Self.outbox([.imuData, .imuData, .imuData, .imuData])
    let outcome = outbox.put(Self.message(.videoStream))
    #expect(!outcome.isAccepted)
    #expect(outcome.dropped == [5])
    #expect(outbox.count == 4)
  }

  @Test func oneMessageMayBeLargerThanTheLimit() {
    var outbox = Outbox(limits: .init(messages: 4, bytes: 100))
    #expect(outbox.put(Self.message(.imuData, bytes: 1_000)).isAccepted)
    #expect(outbox.put(Self.message(.imuData, bytes: 1_000)).dropped == [1])
  }

  @Test func whatIsPutBackComesFirst() {
    var outbox = Self.outbox([.imuData, .videoStream, .imuData])
    let taken = outbox.take(maxMessages: 2, maxBytes: .max)
    #expect(outbox.putBack(taken).isEmpty)
    #expect(outbox.take(maxMessages: 10, maxBytes: .max).map(\.sequence) == [1, 2, 3])
  }

  @Test func puttingBackKeepsTheBound() {
    var outbox = Self.outbox([.imuData, .imuData])
    let taken = outbox.take(maxMessages: 2, maxBytes: .max)
    for _ in 0..<3 { _ = outbox.put(Self.message(.imuData)) }
    #expect(outbox.putBack(taken) == [1])
    #expect(outbox.count == 4)
  }

  @Test func theThreadIsWokenOnceForAnyMessage() {
    var outbox = Self.outbox([])
    #expect(!outbox.put(Self.message(.imuData)).wakes, "nobody sleeps")
    let sleepsWithWork = outbox.fallAsleep(.untilAny)
    #expect(!sleepsWithWork)
    _ = outbox.take(maxMessages: 1, maxBytes: .max)
    let sleeps = outbox.fallAsleep(.untilAny)
    #expect(sleeps)
    #expect(outbox.put(Self.message(.imuData)).wakes)
    #expect(!outbox.put(Self.message(.imuData)).wakes)
  }

  @Test func theThreadMaySleepUntilMuchWaits() {
    var outbox = Self.outbox([])
    let sleeps = outbox.fallAsleep(.untilHalfFull)
    #expect(sleeps)
    #expect(!outbox.put(Self.message(.imuData)).wakes)
    #expect(outbox.put(Self.message(.imuData)).wakes)
    let sleepsHalfFull = outbox.fallAsleep(.untilHalfFull)
    #expect(!sleepsHalfFull)
  }
}

struct FlushWaitersTests {
  @Test func waitersAreDoneWhenWhatTheyWaitForIsSafe() {
    var waiters = FlushWaiters<String>()
    _ = waiters.add("early", target: 3)
    _ = waiters.add("late", target: 5)
    #expect(waiters.settled(before: 3).isEmpty)
    #expect(waiters.settled(before: 4).map(\.waiter) == ["early"])
    #expect(waiters.settled(before: nil).map(\.waiter) == ["late"])
    #expect(waiters.isEmpty)
  }

  @Test func waitersHearOfLossesThatConcernThem() {
    var waiters = FlushWaiters<String>()
    _ = waiters.add("early", target: 3)
    _ = waiters.add("late", target: 5)
    waiters.dropped([2, 4, 6])
    let done = waiters.settled(before: nil)
    #expect(done.map(\.lost) == [1, 2])
  }

  @Test func whoLeavesIsForgotten() {
    var waiters = FlushWaiters<String>()
    let id = waiters.add("impatient", target: 1)
    #expect(waiters.remove(id) == "impatient")
    #expect(waiters.remove(id) == nil)
    #expect(waiters.isEmpty)
  }
}
