import ClockSync
import MediaModel
import Testing

@Suite struct TimeSampleTests {
  private static let cookie: UInt64 = 0xfeed
  private static let sent = HostTime(nanos: 1_000_000_000)
  private static let received = HostTime(nanos: 1_030_000_000)

  /// An answer of a server that got the request 10 ms after it was sent, by a host whose clock began at the start.
  private static func answer(_ change: (inout SNTPPacket) -> Void = { _ in }) -> [UInt8] {
    var packet = SNTPPacket(mode: .server)
    packet.stratum = 2
    packet.precision = -20
    packet.rootDelayTicks = 655
    packet.rootDispersionTicks = 131
    packet.origin = NTPTimestamp(rawValue: cookie)
    packet.receive = NTPTimestamp(SimulatedNetwork.start.advanced(by: .milliseconds(1_010)))
    packet.transmit = NTPTimestamp(SimulatedNetwork.start.advanced(by: .milliseconds(1_012)))
    change(&packet)
    return packet.bytes
  }

  private static func sample(_ bytes: [UInt8]) throws(SNTPError) -> TimeSample {
    try TimeSample(
      reply: bytes, cookie: cookie, sentAt: sent, receivedAt: received, pivot: SimulatedNetwork.start)
  }

  @Test func offsetAndDelayAreThoseOfTheRFC() throws {
    let sample = try Self.sample(Self.answer())
    // T1 = 1.000, T2 = 1.010, T3 = 1.012, T4 = 1.030: delay 28 ms, offset ((10) + (-18)) / 2 = -4 ms.
    #expect(sample.delay == .milliseconds(28))
    #expect(sample.epoch == SimulatedNetwork.start.nanosSince1970 - 4_000_000)
    #expect(sample.at == Self.received && sample.stratum == 2)
    // 10 ms / 2 + 2 ms in ticks of 2⁻¹⁶ s.
    #expect(abs(sample.rootDistance.milliseconds - 6.996) < 0.01)
    #expect(sample.dispersion < .milliseconds(1) && sample.dispersion > .zero)
  }

  static let refusals: [(String, @Sendable (inout SNTPPacket) -> Void, SNTPError)] = [
    ("client", { $0.mode = .client }, .notAReply(mode: 3, version: 4)),
    ("broadcast", { $0.mode = .broadcast }, .notAReply(mode: 5, version: 4)),
    ("version 1", { $0.version = 1 }, .notAReply(mode: 4, version: 1)),
    ("version 7", { $0.version = 7 }, .notAReply(mode: 4, version: 7)),
    ("wrong origin", { $0.origin.rawValue += 1 }, .unmatched),
    ("zero origin", { $0.origin.rawValue = 0 }, .unmatched),
    ("deny", { $0.kiss("DENY") }, .kissOfDeath(.deny)),
    ("restrict", { $0.kiss("RSTR") }, .kissOfDeath(.restrict)),
    ("rate", { $0.kiss("RATE") }, .kissOfDeath(.rate)),
    ("other kiss", { $0.kiss("INIT") }, .kissOfDeath(.other(0x494e_4954))),
    ("leap alarm", { $0.leap = .unsynchronised }, .unsynchronised),
    ("stratum 16", { $0.stratum = 16 }, .unsynchronised),
    ("no receive time", { $0.receive.rawValue = 0 }, .zeroTimestamp),
    ("no transmit time", { $0.transmit.rawValue = 0 }, .zeroTimestamp),
    ("distant", { $0.rootDispersionTicks = 2 << 16 }, .distant(rootDistance: Nanoseconds(2_004_997_253))),
    (
      "before", { $0.transmit = NTPTimestamp(SimulatedNetwork.start) },
      .implausible(roundTrip: .milliseconds(30), atServer: .milliseconds(-1_010))
    ),
    (
      "longer than the round trip",
      { $0.transmit = NTPTimestamp(SimulatedNetwork.start.advanced(by: .milliseconds(1_050))) },
      .implausible(roundTrip: .milliseconds(30), atServer: .milliseconds(40))
    ),
  ]

  @Test(arguments: refusals.indices) func whatIsNoAnswer(index: Int) {
    let (name, change, error) = Self.refusals[index]
    #expect(throws: error, "\(name)") { try Self.sample(Self.answer(change)) }
  }

  /// Who did not see the request can make no server be dropped (CVE-2015-7704).
  @Test func aRefusalThatDoesNotMatchIsNone() {
    let forged = Self.answer {
      $0.kiss("DENY")
      $0.origin.rawValue = 1
    }
    #expect(throws: SNTPError.unmatched) { try Self.sample(forged) }
  }

  @Test func aCoarseServerClockOnAFastNetworkIsBelieved() throws {
    let bytes = Self.answer {
      $0.precision = -6
      $0.transmit = NTPTimestamp(SimulatedNetwork.start.advanced(by: .milliseconds(1_041)))
    }
    let sample = try Self.sample(bytes)
    #expect(sample.delay == .zero && sample.dispersion > .milliseconds(15))
  }
}

extension SNTPPacket {
  fileprivate mutating func kiss(_ code: String) {
    stratum = 0
    referenceID = code.utf8.reduce(0) { $0 << 8 | UInt32($1) }
  }
}
