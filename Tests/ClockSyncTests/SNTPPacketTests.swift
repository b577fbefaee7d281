import ClockSync
import MediaModel
import TestSupport
import Testing

@Suite struct SNTPPacketTests {
  @Test func aRequestTellsNothingButACookie() {
    let bytes = SNTPPacket.request(cookie: 0x0102_0304_0506_0708).bytes
    #expect(bytes == [0x23, 0, 0, 0x20] + Array(repeating: 0, count: 36) + [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func readsAnAnswerFieldByField() throws {
    // RFC 5905 figure 8, a field at a time.
    let bytes: [UInt8] =
      [0x64, 3, 0xfa, 0xe9] + [0, 1, 0x80, 0] + [0, 0, 0x40, 0] + [192, 0, 2, 1]
      + [0xe1, 0, 0, 1, 0x80, 0, 0, 0] + [1, 2, 3, 4, 5, 6, 7, 8] + [0xe1, 0, 0, 2, 0, 0, 0, 0]
      + [0xe1, 0, 0, 3, 0, 0, 0, 1]
    let packet = try SNTPPacket(decoding: bytes + [9, 9, 9])
    #expect(packet.leap == .lastMinuteHas61Seconds && packet.version == 4 && packet.mode == .server)
    #expect(packet.stratum == 3 && packet.poll == -6 && packet.precision == -23)
    #expect(packet.rootDelay == .milliseconds(1_500) && packet.rootDispersion == .milliseconds(250))
    #expect(packet.referenceID == 0xc000_0201)
    #expect(packet.reference.rawValue == 0xe100_0001_8000_0000)
    #expect(packet.origin.rawValue == 0x0102_0304_0506_0708)
    #expect(packet.receive.rawValue == 0xe100_0002_0000_0000)
    #expect(packet.transmit.rawValue == 0xe100_0003_0000_0001)
    #expect(packet.bytes == bytes)
  }

  @Test func whatIsShortIsNoPacket() {
    let bytes = SNTPPacket.request(cookie: 1).bytes
    for count in 0..<48 {
      #expect(throws: SNTPError.short(bytes: count)) { try SNTPPacket(decoding: Array(bytes.prefix(count))) }
    }
  }

  @Test func bytesThatAreReadAreWrittenAgain() throws {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<2_000 {
      let bytes = generator.bytes(48)
      #expect(try SNTPPacket(decoding: bytes).bytes == bytes)
    }
  }

  @Test func damagedAnswersNeverTrapAndNeverTellATimeFarOff() {
    var packet = SNTPPacket(mode: .server)
    packet.stratum = 1
    packet.origin = NTPTimestamp(rawValue: 77)
    packet.receive = NTPTimestamp(SimulatedNetwork.start)
    packet.transmit = packet.receive
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<20_000 {
      var damaged = packet.bytes
      for _ in 0..<Int.random(in: 0...3, using: &generator) {
        damaged[Int.random(in: 0..<48, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let sample = try? TimeSample(
        reply: damaged, cookie: 77, sentAt: HostTime(nanos: 1_000),
        receivedAt: HostTime(nanos: 9_000_000), pivot: SimulatedNetwork.start)
      guard let sample else { continue }
      #expect(sample.delay >= .zero && sample.rootDistance < .milliseconds(1_500) && (1...15).contains(sample.stratum))
    }
  }
}

@Suite struct NTPTimestampTests {
  @Test func knownTimes() {
    #expect(NTPTimestamp(WallTime(nanosSince1970: 0)).rawValue == 0x83aa_7e80_0000_0000)
    #expect(NTPTimestamp(WallTime(nanosSince1970: -2_208_988_800_500_000_000)).rawValue == 0xffff_ffff_8000_0000)
    #expect(NTPTimestamp(WallTime(nanosSince1970: 500_000_000)).rawValue == 0x83aa_7e80_8000_0000)
  }

  /// 2036-02-07T06:28:16Z, where era 1 begins.
  @Test(arguments: [-1, 0, 1, 1_000_000_000] as [Int64])
  func erasFollowThePivot(distance: Int64) {
    let rollover: Int64 = 2_085_978_496_000_000_000
    let wall = WallTime(nanosSince1970: rollover + distance)
    for pivot in [rollover - 60_000_000_000, rollover + 60_000_000_000, 1_767_225_600_000_000_000] as [Int64] {
      #expect(NTPTimestamp(wall).wallTime(near: WallTime(nanosSince1970: pivot)) == wall)
    }
  }

  @Test func everyNanosecondSurvives() {
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<20_000 {
      let pivot = WallTime(nanosSince1970: Int64.random(in: 0...6_000_000_000, using: &generator) * 1_000_000_000)
      let wall = pivot.advanced(
        by: Nanoseconds(Int64.random(in: -2_100_000_000_000_000_000...2_100_000_000_000_000_000, using: &generator)))
      #expect(NTPTimestamp(wall).wallTime(near: pivot) == wall)
    }
  }
}
