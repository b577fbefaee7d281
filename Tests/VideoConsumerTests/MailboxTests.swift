import Testing
import VideoConsumer

@Suite struct MailboxTests {
  @Test func waitingLosesNothing() async {
    let mailbox = Mailbox<Int>(.wait(capacity: 2))
    async let putting: Void = {
      for number in 0..<100 { await mailbox.put(number) }
      mailbox.finish()
    }()
    var received: [Int] = []
    while let (number, skipped) = await mailbox.take() {
      #expect(skipped == 0)
      received.append(number)
    }
    await putting
    #expect(received == Array(0..<100))
    #expect(mailbox.skippedTotal == 0)
  }

  @Test func severalMayPut() async {
    let mailbox = Mailbox<Int>(.wait(capacity: 1))
    await withTaskGroup(of: Int.self) { group in
      for sender in 0..<4 {
        group.addTask {
          for number in 0..<50 { await mailbox.put(sender * 50 + number) }
          return 0
        }
      }
      group.addTask {
        var sum = 0
        for _ in 0..<200 { sum += await mailbox.take()?.element ?? 0 }
        return sum
      }
      #expect(await group.reduce(0, +) == (0..<200).reduce(0, +))
    }
  }

  @Test(arguments: [Mailbox<Int>.Policy.keepLatest, .dropToRestart(capacity: 2) { _ in false }, .wait(capacity: 9)])
  func whoWaitsLosesNothingWhateverThePolicy(policy: Mailbox<Int>.Policy) async {
    let mailbox = Mailbox<Int>(policy)
    async let putting: Void = {
      for number in 0..<100 { await mailbox.put(number, waits: true) }
      mailbox.finish()
    }()
    var received: [Int] = []
    while let (number, skipped) = await mailbox.take() {
      #expect(skipped == 0)
      received.append(number)
    }
    await putting
    #expect(received == Array(0..<100) && mailbox.skippedTotal == 0)
  }

  @Test func theLatestReplacesWhatWaits() async {
    let mailbox = Mailbox<Int>(.keepLatest)
    for number in 1...5 { await mailbox.put(number) }
    #expect(await mailbox.take().map { [$0.element, $0.skipped] } == [5, 4])
    await mailbox.put(6)
    #expect(await mailbox.take().map { [$0.element, $0.skipped] } == [6, 0])
    #expect(mailbox.skippedTotal == 4)
  }

  @Test func afterAnOverflowReadingStartsAgainWhereItCan() async {
    let mailbox = Mailbox<Int>(.dropToRestart(capacity: 3) { $0 % 10 == 0 })
    for number in [0, 1, 2, 3] { await mailbox.put(number) }
    #expect(await mailbox.take()?.element == 0)
    // There is room again, but 4 depends on 3.
    for number in [4, 10, 11] { await mailbox.put(number) }
    mailbox.finish()
    var rest: [[Int]] = []
    while let (number, skipped) = await mailbox.take() { rest.append([number, skipped]) }
    #expect(rest == [[1, 0], [2, 0], [10, 2]])
    #expect(mailbox.skippedTotal == 3)
  }

  @Test func finishingLetsWhatWaitsBeTaken() async {
    let mailbox = Mailbox<Int>(.wait(capacity: 4))
    await mailbox.put(1)
    mailbox.finish()
    await mailbox.put(2)
    #expect(await mailbox.take()?.element == 1)
    #expect(await mailbox.take() == nil)
  }

  @Test func cancellingEndsAWait() async {
    let mailbox = Mailbox<Int>(.wait(capacity: 1))
    // Unstructured because the test cancels it.
    let taking = Task { await mailbox.take() == nil }
    taking.cancel()
    #expect(await taking.value)
  }
}
