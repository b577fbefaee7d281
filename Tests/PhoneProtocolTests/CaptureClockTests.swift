import MediaModel
import PhoneProtocol
import Testing
import TestSupport

@Suite struct CaptureClockTests {
  /// A sender whose clock, seen from the server, is `epoch` behind and whose packets are delayed.
  private struct Link {
    var clock = CaptureClock()
    var captures: [Int64] = []
    var ages: [Double] = []

    /// Milliseconds of server time at which the picture was taken, of the sender's clock, and of the delay.
    mutating func send(taken: Int64, sender: Int64, delay: Int64) {
      let received = (taken + delay) * 1_000_000
      let wall = WallTime(nanosSince1970: 1_700_000_000_000_000_000 &+ received)
      let captured = clock.capturedAt(
        senderMicros: sender &* 1_000, receivedAt: HostTime(nanos: received), wallNow: wall)
      captures.append(captured.nanosSince1970)
      ages.append(wall.since(captured).milliseconds)
    }

    var isRising: Bool { zip(captures, captures.dropFirst()).allSatisfy { $0 < $1 } }
  }

  @Test(arguments: [0, 1_700_000_000_000, -5_000_000, 9_000_000_000_000] as [Int64])
  func ageIsTheDelayBeyondTheFastestPacket(epoch: Int64) {
    var link = Link()
    var generator = SeededGenerator(seed: 2)
    for index in 0..<600 {
      let delay = index % 100 == 5 ? 10 : Int64.random(in: 12...40, using: &generator)
      link.send(taken: Int64(index) * 33, sender: Int64(index) * 33 + epoch, delay: delay)
      if index > 100 { #expect(abs(link.ages[index] - Double(delay - 10)) < 0.01) }
    }
    #expect(link.isRising && link.clock.discontinuities == 0)
  }

  @Test(arguments: [0, 5_000, 86_000_000] as [Int64])
  func timesOfARecordingStand(age: Int64) {
    var link = Link(clock: .ofReplay())
    var generator = SeededGenerator(seed: 3)
    // Four times as fast as they were captured, and late by anything.
    for index in 0..<100 {
      let sender = 1_700_000_000_000 - age + Int64(index) * 33
      link.send(taken: Int64(index) * 8, sender: sender, delay: .random(in: 0...400, using: &generator))
      #expect(link.captures[index] == sender * 1_000_000)
    }
    #expect(link.clock.discontinuities == 0)
  }

  @Test(arguments: [-5_000_000, 9_000_000_000_000, 1_699_000_000_000] as [Int64])
  func timesOfARecordingWithAnotherEpochKeepTheirDistances(epoch: Int64) {
    var link = Link(clock: .ofReplay())
    for index in 0..<100 {
      link.send(taken: Int64(index) * 8, sender: epoch + Int64(index) * 33, delay: Int64(index * index % 7))
    }
    #expect(link.ages[0] == 0)
    #expect(zip(link.captures, link.captures.dropFirst()).allSatisfy { $1 - $0 == 33_000_000 })
  }

  @Test func aSlowStartIsForgottenWithoutStepsBack() {
    var link = Link()
    // The first picture waits two seconds for the connection, the next sixty follow at once.
    for index in 0..<400 as Range<Int64> {
      link.send(taken: index * 33, sender: index * 33, delay: max(5, 2_000 - index * 33))
    }
    #expect(link.isRising)
    #expect(abs(link.ages[399]) < 0.01)
    #expect(link.clock.discontinuities == 0)
  }

  /// A connection that was slow to open delays what it carries first; that is no longer to be seen in the times soon
  /// after.
  @Test func aDelayedFirstPictureIsForgottenInAFewPictures() {
    var link = Link()
    for index in 0..<60 as Range<Int64> {
      link.send(taken: index * 33, sender: index * 33, delay: max(5, 105 - index * 33))
    }
    #expect(link.isRising)
    #expect(link.ages[8...].allSatisfy { abs($0) < 0.01 })
  }

  @Test func smallErrorsMoveLaterTimesLittle() {
    var link = Link()
    for index in 0..<200 as Range<Int64> {
      link.send(taken: index * 33, sender: index * 33, delay: index < 100 ? 50 : 5)
    }
    #expect(link.isRising)
    // After the first second, spacing stays within a tenth.
    let spacings = zip(link.captures, link.captures.dropFirst()).map { Double($1 - $0) / 33e6 }
    #expect(spacings.dropFirst(31).allSatisfy { (0.9...1.1).contains($0) })
    #expect(abs(link.ages[199]) < 0.01)
  }

  @Test func picturesOutOfOrderKeepTheOrderOfTheirTimesWhileTheOffsetMoves() {
    var link = Link()
    var times: [(sender: Int64, captured: Int64)] = []
    // The first group waits for the connection, so the offset moves fast while pictures are reordered.
    for group in 0..<20 as Range<Int64> {
      for (place, position) in ([4, 2, 1, 3] as [Int64]).enumerated() {
        let number = group * 4 + position
        link.send(
          taken: group * 133 + 160 + Int64(place) * 33, sender: number * 33, delay: max(5, 200 - group * 100))
        times.append((number * 33, link.captures.last ?? 0))
      }
    }
    let inOrder = times.sorted { $0.sender < $1.sender }.map(\.captured)
    #expect(zip(inOrder, inOrder.dropFirst()).allSatisfy { $0 < $1 })
    #expect(link.clock.discontinuities == 0)
  }

  @Test func theOffsetIsThatOfTheFastestPacket() throws {
    var link = Link()
    #expect(link.clock.offset == nil)
    for index in 0..<300 as Range<Int64> {
      link.send(taken: index * 33, sender: index * 33 + 7_000, delay: 10 + index % 7)
    }
    let offset = try #require(link.clock.offset)
    #expect(offset.value == Nanoseconds(1_700_000_000_000_000_000 - 7_000_000_000 + 10_000_000))
    #expect(offset.spread == .zero)
    // A sender whose clock is 100 ppm fast: 6 ms in a minute.
    var drifting = Link()
    for index in 0..<1_200 as Range<Int64> {
      drifting.send(taken: index * 100, sender: index * 100 + index / 100, delay: 10)
    }
    let spread = try #require(drifting.clock.offset).spread.milliseconds
    #expect((4...7).contains(spread))
  }

  @Test func driftIsFollowed() {
    var link = Link()
    // 200 ppm for ten minutes: 120 ms, which the window must not let grow into the ages.
    for second in 0..<6_000 as Range<Int64> {
      link.send(taken: second * 100, sender: second * 100 - second / 50, delay: 5)
    }
    #expect(link.isRising && link.clock.discontinuities == 0)
    #expect(link.ages.allSatisfy { abs($0) < 20 })
  }

  @Test func aStallIsAgeAndNotADiscontinuity() {
    var link = Link()
    for index in 0..<100 as Range<Int64> { link.send(taken: index * 33, sender: index * 33, delay: 5) }
    // Eight seconds without network; then all that was taken comes at once.
    for index in 100..<340 as Range<Int64> {
      link.send(taken: index * 33, sender: index * 33, delay: 8_000 - (index - 100) * 33)
    }
    #expect(link.clock.discontinuities == 0 && link.isRising)
    #expect(abs(link.ages[100] - 7_995) < 1)
    #expect(link.ages[339] < 150)
  }

  @Test(arguments: [60_000, -2_000, -4_000_000, 1_700_000_000_000] as [Int64])
  func jumpsBeginANewOffset(jump: Int64) {
    var link = Link()
    for index in 0..<100 as Range<Int64> { link.send(taken: index * 33, sender: index * 33 + 5_000_000, delay: 5) }
    for index in 100..<200 as Range<Int64> {
      link.send(taken: index * 33, sender: index * 33 + 5_000_000 + jump, delay: 5)
    }
    #expect(link.clock.discontinuities == 1 && link.isRising)
    #expect(abs(link.ages[199]) < 1)
  }

  @Test func aWrappedCounterBeginsANewOffset() {
    var link = Link()
    for index in 0..<200 as Range<Int64> {
      link.send(taken: index * 33, sender: (4_294_967 - 3_000 + index * 33) % 4_294_967, delay: 5)
    }
    #expect(link.clock.discontinuities == 1 && link.isRising)
  }

  @Test func aPausedSenderIsTakenAsPaused() {
    var link = Link()
    for index in 0..<100 as Range<Int64> { link.send(taken: index * 33, sender: index * 33, delay: 5) }
    // A file player that stood still for 30 s: its times go on where they were.
    for index in 100..<600 as Range<Int64> { link.send(taken: index * 33 + 30_000, sender: index * 33, delay: 5) }
    #expect(link.clock.discontinuities == 1)
    #expect(abs(link.ages[599]) < 1)
    #expect(link.isRising)
  }

  @Test func picturesOutOfOrderKeepTheOrderOfTheirTimes() {
    var link = Link()
    var generator = SeededGenerator(seed: 4)
    var times: [(sender: Int64, captured: Int64)] = []
    for group in 0..<200 as Range<Int64> {
      for position in [4, 2, 1, 3] as [Int64] {
        let number = group * 4 + position
        // Sent when the encoder is done with the group, jittering by more than a picture.
        let taken = group * 133 + 160 + Int64(times.count % 4) * 33
        link.send(taken: taken, sender: number * 33, delay: Int64.random(in: 5...50, using: &generator))
        times.append((number * 33, link.captures.last ?? 0))
      }
    }
    let byCapture = times.sorted { $0.captured < $1.captured }.map(\.sender)
    #expect(byCapture == times.map(\.sender).sorted())
    #expect(link.clock.discontinuities == 0)
  }

  @Test func absurdTimesNeverTrap() {
    var clock = CaptureClock()
    var generator = SeededGenerator(seed: 9)
    var host: Int64 = 0
    for _ in 0..<20_000 {
      let extreme = [Int64.min, .max, 0, -1, 1, .max / 1_000, .min / 1_000].randomElement(using: &generator) ?? 0
      let random = Int64(bitPattern: generator.next())
      host += Int64.random(in: 0...50_000_000, using: &generator)
      _ = clock.capturedAt(
        senderMicros: Bool.random(using: &generator) ? extreme : random, receivedAt: HostTime(nanos: host),
        wallNow: WallTime(nanosSince1970: host))
    }
    #expect(clock.discontinuities > 10_000)
  }
}
