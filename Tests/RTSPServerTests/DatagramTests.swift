import MediaModel
import RTSPServer
import Testing

@Suite struct DatagramTests {
  @Test func pacerLetsABurstGoAndThenTheRate() {
    var pacer = DatagramPacer()
    var now = HostTime(nanos: 0)
    var sent = 0
    while pacer.wait(forBytes: 1_400, at: now) == nil { sent += 1_400 }
    #expect(sent >= DatagramPacer.burstBytes && sent < DatagramPacer.burstBytes + 1_400)
    // A second of waiting as told: 40 Mb/s is 5 MB.
    sent = 0
    while now.nanos < 1_000_000_000 {
      if let wait = pacer.wait(forBytes: 1_400, at: now) {
        #expect(wait > .zero)
        now = now.advanced(by: wait)
      } else {
        sent += 1_400
      }
    }
    #expect(abs(sent - 5_000_000) < 50_000)
  }

  @Test func pacerFollowsTheStream() {
    var pacer = DatagramPacer()
    pacer.adapt(toMegabitsPerSecond: 100)
    while pacer.wait(forBytes: 1_400, at: HostTime(nanos: 0)) == nil {}
    // 400 Mb/s: a quarter of the burst and the debt of one packet are there after a quarter of a millisecond.
    let wait = pacer.wait(forBytes: 1_400, at: HostTime(nanos: 0))
    #expect(wait.map { $0 > .zero && $0 < .milliseconds(1) } == true)
  }

  @Test func portsArePairsThatStartEven() {
    let range = DatagramPortRange(30_001...30_006)
    #expect([range.take(), range.take(), range.take()] == [30_002, 30_004, nil])
    range.give(30_002)
    #expect(range.take() == 30_002)
  }

  @Test func portsRestBeforeTheyAreUsedAgain() throws {
    let range = DatagramPortRange(30_000...30_005)
    let first = try #require(range.take())
    range.give(first)
    #expect(range.take() == 30_002 && first == 30_000)
  }
}
