import BusMessages
import MessageBus
import NIOCore
import Synchronization
import Testing

@Suite struct InProcessBusTests {
  private let bus = InProcessBus()

  private func message(_ number: Int, on topic: Topic = .imuData, bytes: Int = 0) -> BusMessage {
    BusMessage(
      topic: topic, body: ByteBuffer(repeating: 0, count: bytes), contentType: BusMessage.json,
      headers: ["number": .integer(Int64(number))])
  }

  private func numbers(_ batch: [BusDelivery]) -> [Int64] {
    batch.map { delivery in
      guard case .integer(let number) = delivery.message.headers["number"] else { return -1 }
      return number
    }
  }

  @Test func everySubscriptionGetsEveryMessageOfItsTopicsInOrder() async {
    let first = bus.subscribe(SubscriptionRequest([.imuData]))
    let second = bus.subscribe(SubscriptionRequest([.imuData, .events]))
    for number in 0..<100 { bus.publish(message(number, on: number.isMultiple(of: 10) ? .events : .imuData)) }
    #expect(await numbers(first.nextBatch()) == (0..<100).filter { !$0.isMultiple(of: 10) })
    #expect(await numbers(second.nextBatch()) == Array(0..<100))
  }

  @Test func whoJoinsLaterGetsWhatComesLater() async {
    bus.publish(message(1))
    let subscription = bus.subscribe(SubscriptionRequest([.imuData]))
    bus.publish(message(2))
    #expect(await numbers(subscription.nextBatch()) == [2])
  }

  @Test func fullSubscriptionDropsTheOldestAndCounts() async {
    let subscription = bus.subscribe(SubscriptionRequest([.imuData], messages: 3))
    let other = bus.subscribe(SubscriptionRequest([.imuData]))
    for number in 0..<10 { bus.publish(message(number)) }
    #expect(subscription.dropped == 7)
    #expect(await numbers(subscription.nextBatch()) == [7, 8, 9])
    #expect(await numbers(other.nextBatch()) == Array(0..<10))
  }

  @Test func bytesAreBoundedToo() async {
    let subscription = bus.subscribe(SubscriptionRequest([.pointClouds], bytes: 2_500))
    for number in 0..<4 { bus.publish(message(number, on: .pointClouds, bytes: 1_000)) }
    #expect(subscription.backlog.messages == 2)
    #expect(subscription.backlog.bytes == 2_200)
    // One that is too large by itself is still delivered: it waits alone.
    bus.publish(message(4, on: .pointClouds, bytes: 9_000))
    #expect(await numbers(subscription.nextBatch()) == [4])
  }

  @Test func bodiesAreShared() async {
    let subscription = bus.subscribe(SubscriptionRequest([.videoStream]))
    let sent = message(1, on: .videoStream, bytes: 50_000)
    bus.publish(sent)
    let received = await subscription.next()
    let addresses = [sent.body, received?.message.body].map { $0?.withUnsafeReadableBytes { $0.baseAddress } }
    #expect(addresses[0] == addresses[1])
  }

  @Test func closingEndsTheSequenceAfterWhatWaits() async {
    let subscription = bus.subscribe(SubscriptionRequest([.imuData]))
    bus.publish(message(1))
    subscription.close()
    bus.publish(message(2))
    var received: [BusDelivery] = []
    for await delivery in subscription { received.append(delivery) }
    #expect(numbers(received) == [1])
  }

  @Test func forgottenSubscriptionTakesNothing() {
    do { _ = bus.subscribe(SubscriptionRequest([.imuData])) }
    #expect(bus.publish(message(1)) == .accepted)
  }

  @Test func cancelledWaitEnds() async {
    let subscription = bus.subscribe(SubscriptionRequest([.imuData]))
    await withTaskGroup(of: Void.self) { group in
      group.addTask { #expect(await subscription.next() == nil) }
      group.cancelAll()
    }
  }

  @Test func closeIsToldOnce() {
    let count = Mutex(0)
    let subscription = BusSubscription(SubscriptionRequest([.imuData]), onClose: { count.withLock { $0 += 1 } })
    subscription.close()
    subscription.close()
    #expect(count.withLock { $0 } == 1)
    #expect(!subscription.offer(BusDelivery(message: message(1))))
  }
}
