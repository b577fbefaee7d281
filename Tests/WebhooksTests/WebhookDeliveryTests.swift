import MediaModel
import NIOCore
import Testing
import Webhooks

@Suite struct WebhookDeliveryTests {
  private let start = HostTime(nanos: 1_000_000_000_000)

  private func message(_ number: Int) -> WebhookMessage { WebhookMessage(id: "\(number)", body: ByteBuffer()) }

  private func post(_ delivery: inout WebhookDelivery, at now: HostTime) -> String? {
    if case .post(let message) = delivery.next(at: now) { message.id } else { nil }
  }

  @Test func eventsGoOutInOrderOneAtATime() {
    var delivery = WebhookDelivery()
    for number in 1...3 { #expect(delivery.add(message(number), at: start) == 0) }
    #expect(post(&delivery, at: start) == "1")
    #expect(delivery.next(at: start) == .idle, "one at a time keeps the order")
    #expect(delivery.answered(.status(204, retryAfter: nil), at: start, chance: 0) == .delivered)
    #expect(post(&delivery, at: start) == "2")
    #expect(delivery.answered(.status(200, retryAfter: nil), at: start, chance: 0) == .delivered)
    #expect(delivery.count == 1)
  }

  @Test func pausesDoubleUpToTheLongest() {
    var delivery = WebhookDelivery()
    _ = delivery.add(message(1), at: start)
    var now = start
    var pauses: [Double] = []
    for _ in 0..<11 {
      #expect(post(&delivery, at: now) == "1")
      guard case .retried(let pause) = delivery.answered(.status(500, retryAfter: nil), at: now, chance: 0) else {
        Issue.record("a failure is tried again")
        return
      }
      pauses.append(pause.seconds)
      #expect(delivery.next(at: now) == .wait(until: now.advanced(by: pause)))
      now = now.advanced(by: pause)
    }
    #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  }

  @Test func chanceShortensAPauseByHalfAtMost() {
    var delivery = WebhookDelivery()
    _ = delivery.add(message(1), at: start)
    _ = delivery.next(at: start)
    let result = delivery.answered(.failed("no route"), at: start, chance: 0.999)
    guard case .retried(let pause) = result else {
      Issue.record("a failed connection is tried again")
      return
    }
    #expect(pause > .milliseconds(500) && pause < .milliseconds(502))
  }

  @Test func whatTheEndpointAsksForIsHonouredWithinBounds() {
    for (asked, expected) in [(60.0, 60.0), (0.1, 1), (1e6, 3_600)] {
      for status in [429, 503] {
        var delivery = WebhookDelivery()
        _ = delivery.add(message(1), at: start)
        _ = delivery.next(at: start)
        let result = delivery.answered(.status(status, retryAfter: .seconds(asked)), at: start, chance: 0)
        #expect(result == .retried(after: .seconds(expected)))
      }
    }
  }

  @Test func aSuccessStartsOver() {
    var delivery = WebhookDelivery()
    for number in 1...2 { _ = delivery.add(message(number), at: start) }
    var now = start
    for _ in 0..<5 {
      _ = delivery.next(at: now)
      _ = delivery.answered(.status(502, retryAfter: nil), at: now, chance: 0)
      now = now.advanced(by: .seconds(60))
    }
    #expect(post(&delivery, at: now) == "1")
    _ = delivery.answered(.status(200, retryAfter: nil), at: now, chance: 0)
    #expect(post(&delivery, at: now) == "2", "the next goes out at once")
    #expect(delivery.answered(.status(500, retryAfter: nil), at: now, chance: 0) == .retried(after: .seconds(1)))
  }

  @Test(arguments: [301, 302, 307, 400, 401, 404, 422, 499])
  func refusedEventsAreNotTriedAgain(_ status: Int) {
    var delivery = WebhookDelivery()
    for number in 1...2 { _ = delivery.add(message(number), at: start) }
    _ = delivery.next(at: start)
    #expect(delivery.answered(.status(status, retryAfter: nil), at: start, chance: 0) == .refused)
    #expect(post(&delivery, at: start) == "2")
  }

  @Test(arguments: [408, 425, 429, 500, 502, 503, 504])
  func passingFailuresAreTriedAgain(_ status: Int) {
    var delivery = WebhookDelivery()
    _ = delivery.add(message(1), at: start)
    _ = delivery.next(at: start)
    #expect(
      delivery.answered(.status(status, retryAfter: nil), at: start, chance: 0) == .retried(after: .seconds(1)))
  }

  @Test func goneSwitchesTheEndpointOff() {
    var delivery = WebhookDelivery()
    for number in 1...3 { _ = delivery.add(message(number), at: start) }
    _ = delivery.next(at: start)
    #expect(delivery.answered(.status(410, retryAfter: nil), at: start, chance: 0) == .gone(events: 3))
    #expect(delivery.isGone && delivery.count == 0)
    #expect(delivery.add(message(4), at: start) == 0)
    #expect(delivery.next(at: start) == .idle)
  }

  @Test func anEventIsGivenUpAfterHours() {
    var policy = WebhookPolicy()
    policy.giveUpAfter = .seconds(100)
    var delivery = WebhookDelivery(policy: policy)
    _ = delivery.add(message(1), at: start)
    _ = delivery.add(message(2), at: start.advanced(by: .seconds(50)))
    var now = start.advanced(by: .seconds(99))
    _ = delivery.next(at: now)
    #expect(delivery.answered(.failed("x"), at: now, chance: 0) == .retried(after: .seconds(1)))
    now = now.advanced(by: .seconds(1))
    #expect(post(&delivery, at: now) == "1")
    #expect(delivery.answered(.failed("x"), at: now, chance: 0) == .expired)
    #expect(delivery.next(at: now) == .wait(until: now.advanced(by: .seconds(2))), "the pause goes on growing")
    #expect(post(&delivery, at: now.advanced(by: .seconds(2))) == "2")
  }

  @Test func whenTooManyWaitTheOldestGoesButNotTheOneOnItsWay() {
    var policy = WebhookPolicy()
    policy.waitingEvents = 3
    var delivery = WebhookDelivery(policy: policy)
    for number in 1...3 { #expect(delivery.add(message(number), at: start) == 0) }
    #expect(delivery.add(message(4), at: start) == 1)
    #expect(post(&delivery, at: start) == "2")
    #expect(delivery.add(message(5), at: start) == 1)
    _ = delivery.answered(.status(200, retryAfter: nil), at: start, chance: 0)
    #expect(post(&delivery, at: start) == "4")
  }
}
