import MediaModel
import NIOCore
import RTP
import TestSupport
import Testing

@Suite struct RTCPTests {
  private let block = RTCPReportBlock(
    ssrc: 9, fractionLost: 64, cumulativeLost: -3, highestSequence: 0x0001_0002, jitter: 55, lastSenderReport: 0xABCD,
    delaySinceLastSenderReport: 65_536)

  @Test func senderReportBytes() {
    var buffer = ByteBuffer()
    RTCPPacket.senderReport(
      RTCPSenderReport(
        ssrc: 0x0102_0304, ntp: NTPTimestamp(seconds: 0x1111_1111, fraction: 0x2222_2222), rtpTimestamp: 0x3333_3333,
        packetCount: 4, octetCount: 5)
    ).write(into: &buffer)
    #expect(
      Array(buffer.readableBytesView) == [
        0x80, 200, 0, 6, 1, 2, 3, 4, 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22, 0x33, 0x33, 0x33, 0x33,
        0, 0, 0, 4, 0, 0, 0, 5,
      ])
  }

  @Test func compoundIsReadAsWritten() throws {
    let packets: [RTCPPacket] = [
      .senderReport(
        RTCPSenderReport(
          ssrc: 1, ntp: NTPTimestamp(seconds: 2, fraction: 3), rtpTimestamp: 4, packetCount: 5, octetCount: 6,
          blocks: [block])),
      .receiverReport(ssrc: 7, blocks: [block, block]), .receiverReport(ssrc: 8, blocks: []),
      .sourceDescription(ssrc: 1, canonicalName: "a"), .sourceDescription(ssrc: 1, canonicalName: "worldsystem"),
      .goodbye(ssrc: 1),
    ]
    var buffer = ByteBuffer()
    for packet in packets { packet.write(into: &buffer) }
    #expect(buffer.readableBytes % 4 == 0)
    #expect(try RTCPPacket.parseCompound(buffer) == packets)
  }

  @Test func sourceDescriptionAlwaysEndsWithZero() throws {
    for count in 0...9 {
      var buffer = ByteBuffer()
      let name = String(repeating: "x", count: count)
      RTCPPacket.sourceDescription(ssrc: 1, canonicalName: name).write(into: &buffer)
      #expect(buffer.readableBytes % 4 == 0 && buffer.readableBytesView.last == 0)
      #expect(try RTCPPacket.parseCompound(buffer) == [.sourceDescription(ssrc: 1, canonicalName: name)])
    }
  }

  @Test func unknownTypesArePassedOver() throws {
    // Application-defined, then a goodbye.
    let buffer = ByteBuffer(bytes: [0x80, 204, 0, 1, 1, 2, 3, 4, 0x81, 203, 0, 1, 0, 0, 0, 5])
    #expect(try RTCPPacket.parseCompound(buffer) == [.other(type: 204), .goodbye(ssrc: 5)])
  }

  @Test(arguments: [UInt64](1...100))
  func mutatedCompoundsNeverTrap(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var buffer = ByteBuffer()
    RTCPPacket.receiverReport(ssrc: 7, blocks: [block, block]).write(into: &buffer)
    RTCPPacket.sourceDescription(ssrc: 1, canonicalName: "worldsystem").write(into: &buffer)
    var bytes = Array(buffer.readableBytesView)
    for _ in 0..<4 {
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
    }
    bytes.removeLast(Int.random(in: 0...12, using: &generator))
    let packets = (try? RTCPPacket.parseCompound(ByteBuffer(bytes: bytes))) ?? []
    #expect(packets.count <= 32)
  }

  @Test func statisticsCountLossAndJitter() {
    func header(_ sequence: UInt16, _ timestamp: UInt32) -> RTPHeader {
      RTPHeader(marker: false, payloadType: 96, sequence: sequence, timestamp: timestamp, ssrc: 9)
    }
    var statistics = ReceptionStatistics(first: header(65_534, 0))
    // Four of six packets, 10 ms apart, over the wrap; perfectly regular, so no jitter.
    for (index, sequence) in [UInt16(65_534), 65_535, 2, 3].enumerated() {
      statistics.received(
        header(sequence, UInt32(index) * 900), at: HostTime(nanos: Int64(index) * 10_000_000))
    }
    let report = statistics.report(at: HostTime(nanos: 40_000_000))
    #expect(report.ssrc == 9 && report.cumulativeLost == 2 && report.fractionLost == UInt8(2 * 256 / 6))
    #expect(report.highestSequence == 0x1_0003 && report.jitter == 0 && report.lastSenderReport == 0)
    // Nothing further lost: the fraction is of the interval, the count of all.
    statistics.received(header(4, 3_600), at: HostTime(nanos: 40_000_000))
    statistics.received(
      RTCPSenderReport(
        ssrc: 9, ntp: NTPTimestamp(seconds: 0x1234, fraction: 0x5678_0000), rtpTimestamp: 0, packetCount: 0,
        octetCount: 0), at: HostTime(nanos: 40_000_000))
    let next = statistics.report(at: HostTime(nanos: 1_040_000_000))
    #expect(next.fractionLost == 0 && next.cumulativeLost == 2)
    #expect(next.lastSenderReport == 0x1234_5678 && next.delaySinceLastSenderReport == 65_536)
  }
}
