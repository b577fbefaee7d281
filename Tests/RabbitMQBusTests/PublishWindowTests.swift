import BusMessages
import MediaModel
import NIOCore
import RabbitMQBus
import TestSupport
import Testing

struct PublishWindowTests {
  private typealias Entry = Outgoing<Int>

  private static func entry(_ number: UInt64, at position: Int? = nil, bytes: Int = 10) -> Entry {
    let message = BusMessage(
      topic: .imuData, body: ByteBuffer(repeating: 0, count: bytes), contentType: BusMessage.json)
    return Entry(message: message, id: .own(number), position: position)
  }

  private static func time(_ nanos: Int64) -> HostTime { HostTime(nanos: nanos) }

  private static func window(_ entries: [Entry], limits: PublishWindow<Int>.Limits = .init()) -> PublishWindow<Int> {
    var window = PublishWindow<Int>(limits: limits)
    for (index, entry) in entries.enumerated() { window.sent(entry, at: time(Int64(index))) }
    return window
  }

  @Test func confirmsUpToATagSettleAllBefore() {
    var window = Self.window((1...5).map { Self.entry($0) })
    let settlement = window.confirmed(3, upTo: true, at: Self.time(100))
    #expect(settlement.confirmed == 3)
    #expect(settlement.latency == Nanoseconds(100))
    #expect(window.count == 2)
    #expect(window.firstVolatileSequence == 4)
    #expect(window.confirmed(5, upTo: true, at: Self.time(100)).confirmed == 2)
    #expect(window.isEmpty)
    #expect(window.bytes == 0)
  }

  @Test func confirmsOutOfOrderSettleOneEach() {
    var window = Self.window((1...3).map { Self.entry($0, at: Int($0)) })
    #expect(window.confirmed(2, upTo: false, at: Self.time(9)).removable == nil)
    #expect(window.confirmed(3, upTo: false, at: Self.time(9)).removable == nil)
    // Only now does nothing older than the third stand in the spool.
    #expect(window.confirmed(1, upTo: false, at: Self.time(9)).removable == 3)
    #expect(window.isEmpty)
  }

  @Test(arguments: [0, 4, 5, UInt64.max])
  func answersAboutUnknownTagsAreIgnored(_ tag: UInt64) {
    var window = Self.window((1...3).map { Self.entry($0) })
    #expect(window.confirmed(tag, upTo: true, at: Self.time(9)).confirmed == 0)
    #expect(window.rejected(tag, upTo: true).retries.isEmpty)
    #expect(window.count == 3)
  }

  @Test func anAnswerCountsOnce() {
    var window = Self.window((1...3).map { Self.entry($0) })
    #expect(window.confirmed(1, upTo: false, at: Self.time(9)).confirmed == 1)
    #expect(window.confirmed(1, upTo: false, at: Self.time(9)).confirmed == 0)
    #expect(window.confirmed(2, upTo: true, at: Self.time(9)).confirmed == 1)
  }

  @Test func roomIsLimitedByMessagesAndBytes() {
    let few = PublishWindow<Int>.Limits(messages: 2, bytes: 1_000_000)
    #expect(Self.window([Self.entry(1)], limits: few).hasRoom)
    #expect(!Self.window([Self.entry(1), Self.entry(2)], limits: few).hasRoom)
    let small = PublishWindow<Int>.Limits(messages: 100, bytes: 250)
    #expect(!Self.window([Self.entry(1, bytes: 200)], limits: small).hasRoom)
    // A message that is larger than the limit may go alone.
    #expect(PublishWindow<Int>(limits: small).hasRoom)
  }

  @Test func aGapInTheAnswersBoundsTheWindowToo() {
    var window = Self.window((1...3).map { Self.entry($0) }, limits: .init(messages: 3))
    _ = window.confirmed(2, upTo: false, at: Self.time(9))
    _ = window.confirmed(3, upTo: false, at: Self.time(9))
    #expect(!window.hasRoom, "slots behind an unanswered one take memory")
    _ = window.confirmed(1, upTo: false, at: Self.time(9))
    #expect(window.hasRoom)
  }

  @Test func whatIsLostComesBackInOrderAndFlagged() {
    var window = Self.window((1...4).map { Self.entry($0) })
    _ = window.confirmed(2, upTo: false, at: Self.time(9))
    let lost = window.lost()
    #expect(lost.map(\.volatileSequence) == [1, 3, 4])
    #expect(lost.map(\.mayHaveBeenSent) == [true, true, true])
    #expect(window.isEmpty)
    window.sent(Self.entry(9), at: Self.time(10))
    #expect(window.confirmed(1, upTo: false, at: Self.time(11)).confirmed == 1, "tags start at 1 again")
  }

  @Test func rejectedMessagesAreTriedAgainAndThenGivenUp() {
    var window = Self.window([Self.entry(1)], limits: .init(retries: 2))
    var attempt = window.rejected(1, upTo: false)
    for tag in UInt64(2)...3 {
      #expect(attempt.retries.count == 1)
      #expect(attempt.retries[0].mayHaveBeenSent)
      #expect(!window.isEmpty, "a message on its way again is not settled")
      window.sent(attempt.retries[0], at: Self.time(0))
      attempt = window.rejected(tag, upTo: false)
    }
    #expect(attempt.retries.isEmpty)
    #expect(attempt.givenUp == 1)
    #expect(window.isEmpty)
  }

  @Test func aRejectedMessageKeepsItsPlaceInTheSpool() {
    var window = Self.window((1...3).map { Self.entry($0, at: Int($0)) })
    let rejection = window.rejected(1, upTo: false)
    #expect(rejection.removable == nil)
    #expect(window.confirmed(3, upTo: true, at: Self.time(9)).removable == nil)
    window.sent(rejection.retries[0], at: Self.time(9))
    #expect(window.confirmed(4, upTo: false, at: Self.time(10)).removable == 3)
  }

  @Test func aRetryThatIsDroppedHoldsNothingBack() {
    var window = Self.window((1...2).map { Self.entry($0, at: Int($0)) })
    let rejection = window.rejected(1, upTo: false)
    #expect(window.confirmed(2, upTo: false, at: Self.time(9)).removable == nil)
    #expect(window.abandoned(rejection.retries[0]).removable == 2)
    #expect(window.isEmpty)
  }

  @Test func whatIsDroppedLeavesTheSpoolWithWhatWasSentBefore() {
    var window = Self.window([Self.entry(1, at: 1)])
    #expect(window.abandoned(Self.entry(2, at: 2)).removable == nil)
    #expect(window.confirmed(1, upTo: false, at: Self.time(9)).removable == 2)
    #expect(window.abandoned(Self.entry(3, at: 3)).removable == 3)
  }

  @Test func whatIsOnlyInMemoryCanBeGivenPlacesInTheSpool() {
    var window = Self.window([Self.entry(1, at: 7), Self.entry(2), Self.entry(3), Self.entry(4)])
    _ = window.confirmed(3, upTo: false, at: Self.time(9))
    #expect(window.volatileEntries.map(\.volatileSequence) == [2, 4])
    window.spooled(at: [8, 9])
    #expect(window.volatileEntries.isEmpty)
    #expect(window.firstVolatileSequence == nil)
    #expect(window.confirmed(2, upTo: true, at: Self.time(9)).removable == 8)
    #expect(window.confirmed(4, upTo: true, at: Self.time(9)).removable == 9)
  }

  /// Any answers in any order: what is sent is confirmed, given up, or comes back, once.
  @Test func nothingIsLostOrDoubled() {
    var random = SeededGenerator(seed: 1)
    var window = PublishWindow<Int>(limits: .init(retries: 1))
    var sent: UInt64 = 0, tag: UInt64 = 0, settled = 0
    var waiting: [Outgoing<Int>] = []
    for _ in 0..<5_000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0, 1:
        if waiting.isEmpty {
          sent += 1
          waiting.append(Self.entry(sent))
        }
        tag += 1
        window.sent(waiting.removeFirst(), at: Self.time(0))
      case 2:
        let about = UInt64.random(in: 0...tag + 1, using: &random)
        settled += window.confirmed(about, upTo: Bool.random(using: &random), at: Self.time(1)).confirmed
      default:
        let about = UInt64.random(in: 0...tag + 1, using: &random)
        let settlement = window.rejected(about, upTo: false)
        settled += settlement.givenUp
        waiting += settlement.retries
      }
      #expect(settled + window.count + waiting.count == Int(sent))
    }
    #expect(settled + window.lost().count + waiting.count == Int(sent))
  }
}
