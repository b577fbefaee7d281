import CodedMedia
import MediaModel
import NIOCore
import RTP
import TestSupport
import Testing

@Suite struct H264PacketizerTests {
  private func packetizer(maximum: Int = 1_400) -> H264Packetizer {
    H264Packetizer(ssrc: 0xAABB_CCDD, payloadType: 96, firstSequence: 65_534, maximumPacketBytes: maximum)
  }

  /// Header and payload of a packet without framing.
  private func read(_ packet: RTPPacket) throws -> (RTPHeader, [UInt8]) {
    var whole = packet.joined(allocator: ByteBufferAllocator())
    let header = try RTPHeader.read(from: &whole)
    return (header, Array(whole.readableBytesView))
  }

  @Test func keyFrameIsOneAggregateAndItsSlice() throws {
    let unit = SampleUnit(nalUnits: [[0x67, 1, 2], [0x68, 3], [0x06, 4], [0x65, 0x88, 5]])
    var packetizer = packetizer()
    let packets = packetizer.packetize(bytes: unit.bytes, nalUnits: unit.ranges, timestamp: 77, framing: .datagram)
    #expect(packets.count == 2)
    let (first, aggregate) = try read(packets[0])
    // 0x78: STAP-A with the highest importance of its units (3).
    #expect(aggregate == [0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3, 0, 2, 0x06, 4])
    #expect(!first.marker && first.sequence == 65_534 && first.timestamp == 77 && first.ssrc == 0xAABB_CCDD)
    let (second, slice) = try read(packets[1])
    #expect(slice == [0x65, 0x88, 5] && second.marker && second.sequence == 65_535 && second.payloadType == 96)
    #expect(packetizer.nextSequence == 0 && packetizer.packetCount == 2 && packetizer.octetCount == 17)
  }

  @Test func largeSlicesAreFragmented() throws {
    let slice = [0x65] + (0..<100).map { UInt8($0) }
    let unit = SampleUnit(nalUnits: [slice])
    var packetizer = packetizer(maximum: 64)
    let packets = packetizer.packetize(bytes: unit.bytes, nalUnits: unit.ranges, timestamp: 0, framing: .datagram)
    // 52 bytes of payload: two of them FU headers, so 50 of the slice's 100 bytes behind its header.
    #expect(packets.count == 2)
    #expect(try read(packets[0]).1 == [0x7C, 0x85] + slice[1...50])
    #expect(try read(packets[1]).1 == [0x7C, 0x45] + slice[51...100])
    #expect(try packets.map { try read($0).0.marker } == [false, true])
  }

  @Test func sliceThatJustFitsIsNotFragmented() throws {
    let unit = SampleUnit(nalUnits: [[0x41] + [UInt8](repeating: 7, count: 51)])
    var packetizer = packetizer(maximum: 64)
    let packets = packetizer.packetize(bytes: unit.bytes, nalUnits: unit.ranges, timestamp: 0, framing: .datagram)
    #expect(packets.map(\.byteCount) == [64])
  }

  @Test func interleavedFramingNamesChannelAndLength() {
    let unit = SampleUnit(nalUnits: [[0x41, 0x9A, 1]])
    var packetizer = packetizer()
    let packets = packetizer.packetize(
      bytes: unit.bytes, nalUnits: unit.ranges, timestamp: 0, framing: .interleaved(channel: 4))
    #expect(packets.count == 1)
    #expect(packets[0].head.getBytes(at: 0, length: 6) == [0x24, 4, 0, 15, 0x80, 0xE0])
    #expect(packets[0].payload == ByteBuffer(bytes: [0x41, 0x9A, 1]))
  }

  @Test func leadingParameterSetsGoFirst() throws {
    let unit = SampleUnit(nalUnits: [[0x65, 0x88]])
    var packetizer = packetizer()
    let packets = packetizer.packetize(
      leading: [ByteBuffer(bytes: [0x67, 1]), ByteBuffer(bytes: [0x68, 2])], bytes: unit.bytes, nalUnits: unit.ranges,
      timestamp: 0, framing: .datagram)
    #expect(try packets.map { try read($0).1 } == [[0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2], [0x65, 0x88]])
  }

  @Test func slicesShareTheBytesOfTheUnit() {
    let unit = SampleUnit(nalUnits: [[0x65] + [UInt8](repeating: 1, count: 5_000)])
    let bytes = unit.bytes
    var packetizer = packetizer()
    let packets = packetizer.packetize(bytes: bytes, nalUnits: unit.ranges, timestamp: 0, framing: .datagram)
    let range = bytes.withUnsafeReadableBytes {
      Int(bitPattern: $0.baseAddress)..<Int(bitPattern: $0.baseAddress) + $0.count
    }
    for packet in packets {
      let start = packet.payload.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) }
      #expect(range.contains(start))
    }
  }

  @Test func emptyUnitsAreLeftOut() {
    var packetizer = packetizer()
    let packets = packetizer.packetize(
      bytes: ByteBuffer(bytes: [0, 0, 0, 1]), nalUnits: [.init(offset: 4, length: 0)], timestamp: 0, framing: .datagram)
    #expect(packets.isEmpty && packetizer.packetCount == 0)
  }

  @Test(arguments: [UInt64](1...40))
  func depacketizingIsTheInverse(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let maximum = Int.random(in: 64...9_000, using: &generator)
    var packetizer = packetizer(maximum: maximum)
    var reorder = ReorderBuffer(capacity: 1, patience: .zero)
    var depacketizer = H264Depacketizer()
    for index in 0..<12 {
      let sample = SampleUnit.random(maximum: 3 * maximum, using: &generator)
      let packets = packetizer.packetize(
        bytes: sample.bytes, nalUnits: sample.ranges, timestamp: UInt32(index) * 3_000, framing: .datagram)
      #expect(packets.allSatisfy { $0.byteCount <= maximum })
      var units: [H264Depacketizer.Unit] = []
      for packet in packets {
        var whole = packet.joined(allocator: ByteBufferAllocator())
        let header = try RTPHeader.read(from: &whole)
        var released: [ReorderBuffer.Released] = []
        reorder.insert(header, whole, at: .init(nanos: 0), into: &released)
        for packet in released { depacketizer.receive(packet, into: &units) }
      }
      #expect(units.count == 1)
      #expect(units.first?.bytes == sample.bytes && units.first?.nalUnits == sample.ranges)
      #expect(units.first?.followsLoss == false && units.first?.timestamp == UInt32(index) * 3_000)
    }
  }
}
