import CodedMedia
import MediaModel
import NIOCore
import RTP
import TestSupport
import Testing

@Suite struct H264DepacketizerTests {
  private func packet(
    _ payload: [UInt8], at timestamp: UInt32 = 0, marker: Bool = false, followsLoss: Bool = false
  ) -> ReorderBuffer.Released {
    ReorderBuffer.Released(
      header: RTPHeader(marker: marker, payloadType: 96, sequence: 0, timestamp: timestamp, ssrc: 1),
      payload: ByteBuffer(bytes: payload), followsLoss: followsLoss)
  }

  private func units(
    of packets: [ReorderBuffer.Released], with depacketizer: inout H264Depacketizer
  ) -> [H264Depacketizer.Unit] {
    var units: [H264Depacketizer.Unit] = []
    for packet in packets { depacketizer.receive(packet, into: &units) }
    return units
  }

  private func bytes(of packets: [ReorderBuffer.Released]) -> [[UInt8]] {
    var depacketizer = H264Depacketizer()
    return units(of: packets, with: &depacketizer).map { Array($0.bytes.readableBytesView) }
  }

  @Test func timestampEndsAnAccessUnitWithoutMarker() {
    #expect(
      bytes(of: [packet([0x65, 0x80], at: 1), packet([0x41, 0x81], at: 2), packet([0x41, 0x82], at: 3)])
        == [[0, 0, 0, 1, 0x65, 0x80], [0, 0, 0, 1, 0x41, 0x81]])
  }

  @Test func singleFragmentWithStartAndEndIsAccepted() {
    #expect(bytes(of: [packet([0x7C, 0xC5, 9], marker: true)]) == [[0, 0, 0, 1, 0x65, 9]])
  }

  @Test func lossInsideAUnitDropsItAndMarksTheNext() {
    var depacketizer = H264Depacketizer()
    let units = units(
      of: [
        packet([0x7C, 0x85, 0x80], at: 1), packet([0x7C, 0x45, 2], at: 1, marker: true, followsLoss: true),
        packet([0x41, 0x80], at: 2, marker: true), packet([0x41, 0x80], at: 3, marker: true),
      ], with: &depacketizer)
    #expect(units.map(\.timestamp) == [2, 3])
    #expect(units.map(\.followsLoss) == [true, false])
    #expect(depacketizer.counters.damagedUnits == 1 && depacketizer.counters.malformedPackets == 0)
  }

  @Test func lossOfAMarkerDropsTheUnitBefore() {
    var depacketizer = H264Depacketizer()
    let units = units(
      of: [packet([0x65, 0x80], at: 1), packet([0x41, 0x80], at: 2, marker: true, followsLoss: true)],
      with: &depacketizer)
    #expect(units.map(\.timestamp) == [2] && units.map(\.followsLoss) == [true])
    #expect(depacketizer.counters.damagedUnits == 1)
  }

  @Test func unitWhoseBeginningMayBeLostIsDropped() {
    var depacketizer = H264Depacketizer()
    let units = units(
      of: [
        packet([0x65, 0x80], at: 1, marker: true),
        // first_mb_in_slice is not 0: slices before it are missing.
        packet([0x41, 0x40], at: 2, marker: true, followsLoss: true), packet([0x41, 0x80], at: 3, marker: true),
      ], with: &depacketizer)
    #expect(units.map(\.timestamp) == [1, 3] && units.map(\.followsLoss) == [false, true])
    #expect(depacketizer.counters.damagedUnits == 1)
  }

  @Test(
    arguments: [
      ([], RTPError.emptyPayload),
      ([0x78], .emptyPayload),
      ([0x78, 0], .truncated(field: "STAP-A length")),
      ([0x78, 0, 0, 1], .invalidAggregate(announced: 0, left: 1)),
      ([0x78, 0, 9, 0x67], .invalidAggregate(announced: 9, left: 1)),
      ([0x7C, 0x85], .emptyPayload),
      ([0x7C, 0x05, 1], .fragmentOutOfPlace),
      ([0x79, 0, 0], .unsupportedNALUnitType(25)),
      ([0x00], .unsupportedNALUnitType(0)),
    ] as [([UInt8], RTPError)])
  func malformedPayloadDropsItsUnitOnly(payload: [UInt8], error: RTPError) {
    var depacketizer = H264Depacketizer()
    let units = units(
      of: [
        packet(payload, at: 1), packet([0x65, 0x80], at: 1, marker: true), packet([0x65, 0x80], at: 2, marker: true),
      ],
      with: &depacketizer)
    #expect(units.map(\.timestamp) == [2] && units.map(\.followsLoss) == [true])
    #expect(depacketizer.latestError == error)
    #expect(depacketizer.counters.damagedUnits == 1 && depacketizer.counters.malformedPackets == 1)
  }

  @Test func fragmentThatNeverEndsIsDropped() {
    var depacketizer = H264Depacketizer()
    let units = units(
      of: [packet([0x7C, 0x85, 1], at: 1, marker: true), packet([0x65, 0x80], at: 2, marker: true)],
      with: &depacketizer)
    #expect(units.map(\.timestamp) == [2] && depacketizer.counters.damagedUnits == 1)
  }

  @Test func unitsAreBounded() {
    var limits = RTPLimits()
    limits.accessUnitBytes = 20
    limits.nalUnitsPerAccessUnit = 2
    var depacketizer = H264Depacketizer(limits: limits)
    var units: [H264Depacketizer.Unit] = []
    depacketizer.receive(packet([0x65] + [UInt8](repeating: 1, count: 30), at: 1, marker: true), into: &units)
    #expect(units.isEmpty && depacketizer.latestError == .accessUnitTooLarge(bytes: 35, nalUnits: 1))
    for _ in 0..<3 { depacketizer.receive(packet([0x65, 0x80], at: 2), into: &units) }
    #expect(units.isEmpty && depacketizer.latestError == .accessUnitTooLarge(bytes: 18, nalUnits: 3))
  }

  /// Garbage in place of packets: nothing traps, no unit is empty, and no more comes out than went in.
  @Test(arguments: [UInt64](1...60))
  func mutatedPacketsNeverTrap(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var packetizer = H264Packetizer(ssrc: 1, payloadType: 96, firstSequence: 0, maximumPacketBytes: 200)
    var depacketizer = H264Depacketizer()
    var reorder = ReorderBuffer(capacity: 16, patience: .milliseconds(10))
    var units: [H264Depacketizer.Unit] = []
    var input = 0
    for index in 0..<40 {
      let sample = SampleUnit.random(maximum: 600, using: &generator)
      for packet in packetizer.packetize(
        bytes: sample.bytes, nalUnits: sample.ranges, timestamp: UInt32(index) * 3_000, framing: .datagram)
      {
        var bytes = Array(packet.joined(allocator: ByteBufferAllocator()).readableBytesView)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: continue
        case 1: bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
        case 2...4 where !bytes.isEmpty:
          bytes[Int.random(in: 0..<min(20, bytes.count), using: &generator)] = .random(in: 0...255, using: &generator)
        default: break
        }
        input += bytes.count + 4
        var buffer = ByteBuffer(bytes: bytes)
        guard let header = try? RTPHeader.read(from: &buffer) else { continue }
        var released: [ReorderBuffer.Released] = []
        reorder.insert(header, buffer, at: .init(nanos: Int64(index) * 5_000_000), into: &released)
        reorder.deadlineReached(at: .init(nanos: Int64(index) * 5_000_000), into: &released)
        for packet in released { depacketizer.receive(packet, into: &units) }
      }
    }
    for unit in units {
      #expect(!unit.nalUnits.isEmpty && unit.nalUnits.allSatisfy { $0.length > 0 })
      #expect(unit.nalUnits.last.map { $0.offset + $0.length } == unit.bytes.readableBytes)
    }
    #expect(units.reduce(0) { $0 + $1.bytes.readableBytes } <= 2 * input)
  }
}
