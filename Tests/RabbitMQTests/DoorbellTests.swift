import RabbitMQ
import Testing

struct DoorbellTests {
  /// Would wait for an hour if the ring were lost.
  @Test func aRingBeforeWaitingIsNotLost() {
    let doorbell = Doorbell()
    doorbell.ring()
    doorbell.ring()
    doorbell.wait(milliseconds: 3_600_000)
  }
}
