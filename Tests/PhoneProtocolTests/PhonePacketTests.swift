import NIOCore
import PhoneProtocol
import Testing
import TestSupport

@Suite struct PhonePacketTests {
  private let parser = PhonePacketParser()

  private func frame(_ payload: [UInt8] = [0, 0, 1, 0x65]) -> PhonePacket {
    PhonePacket(
      type: .keyFrame, timestampMicros: 1_700_000_000_123_456, flags: .keyFrame, payload: ByteBuffer(bytes: payload))
  }

  @Test func headersAreByteForByteThoseOfTheProtocol() {
    var packet = frame()
    packet.timestampMicros = 0x0102_0304_0506_0708
    #expect(
      Array(PhonePacketWriter.message(packet).readableBytesView) == [
        0, 0, 0, 25, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 1, 0x65,
      ])
    packet.type = .sps
    #expect(
      Array(PhonePacketWriter.message(packet).readableBytesView) == [
        0, 0, 0, 17, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 1, 0x65,
      ])
  }

  @Test(arguments: PhonePacketType.allCases) func parsingUndoesWriting(_ type: PhonePacketType) throws {
    for micros in [0, 1, -1, .max, .min] as [Int64] {
      for length in [1, 2, 1_000] {
        var packet = frame([UInt8](repeating: 7, count: length))
        (packet.type, packet.timestampMicros) = (type, micros)
        if !type.isFrame { packet.flags = [] }
        #expect(try parser.parse(PhonePacketWriter.message(packet)) == packet)
      }
    }
  }

  @Test func messageNeedNotStartAtTheFirstByteOfItsBuffer() throws {
    var buffer = ByteBuffer(bytes: [9, 9, 9])
    buffer.writeImmutableBuffer(PhonePacketWriter.message(frame()))
    buffer.moveReaderIndex(forwardBy: 3)
    #expect(try parser.parse(buffer) == frame())
  }

  @Test func everyMalformedMessageHasItsReason() {
    func reject(_ change: (inout [UInt8]) -> Void) -> PhonePacketError? {
      var bytes = Array(PhonePacketWriter.message(frame()).readableBytesView)
      change(&bytes)
      do throws(PhonePacketError) {
        _ = try parser.parse(ByteBuffer(bytes: bytes))
        return nil
      } catch {
        return error
      }
    }
    #expect(reject { _ in } == nil)
    #expect(reject { $0 = [] } == .short(bytes: 0, headerBytes: 13))
    #expect(reject { $0 = Array($0[0..<12]) } == .short(bytes: 12, headerBytes: 21))
    #expect(reject { $0 = Array($0[0..<20]) } == .short(bytes: 20, headerBytes: 21))
    #expect(
      reject {
        $0[4] = 1; $0 = Array($0[0..<12])
      } == .short(bytes: 12, headerBytes: 13))
    #expect(reject { $0[4] = 0 } == .unknownType(0))
    #expect(reject { $0[4] = 6 } == .unknownType(6))
    #expect(reject { $0[3] = 24 } == .sizeFieldLies(announced: 24, got: 25))
    #expect(reject { $0[0] = 0xff } == .sizeFieldLies(announced: 0xff00_0019, got: 25))
    #expect(reject { $0.append(0) } == .sizeFieldLies(announced: 25, got: 26))
    #expect(reject { $0[16] = 3 } == .payloadSizeLies(announced: 3, got: 4))
    #expect(reject { $0[13] = 0xff } == .payloadSizeLies(announced: 0xff00_0004, got: 4))
    #expect(reject { $0[16] = 0 } == nil)
    #expect(
      reject {
        $0 = Array($0[0..<21]); $0[3] = 21; $0[16] = 0
      } == .emptyPayload(.keyFrame))
  }

  @Test func limitCountsTheHeader() throws {
    let message = PhonePacketWriter.message(frame())
    _ = try PhonePacketParser(messageBytes: 25).parse(message)
    #expect(throws: PhonePacketError.oversized(bytes: 25, limit: 24)) {
      try PhonePacketParser(messageBytes: 24).parse(message)
    }
  }

  @Test func damagedMessagesNeverTrap() {
    var seeds = [PhonePacketWriter.message(frame())]
    for type in PhonePacketType.allCases {
      seeds.append(
        PhonePacketWriter.message(PhonePacket(type: type, timestampMicros: 5, payload: ByteBuffer(bytes: [1]))))
    }
    var parsed = 0
    Mutation.forEach(of: seeds, count: 50_000) { message in
      guard let packet = try? parser.parse(message) else { return }
      parsed += 1
      #expect(packet.payload.readableBytes > 0)
      #expect(packet.payload.readableBytes + packet.type.headerBytes == message.readableBytes)
    }
    #expect(parsed > 1_000)
  }

  @Test func everyReasonIsListed() {
    let errors: [PhonePacketError] = [
      .short(bytes: 0, headerBytes: 13), .sizeFieldLies(announced: 0, got: 1), .unknownType(9),
      .oversized(bytes: 1, limit: 0), .payloadSizeLies(announced: 0, got: 0), .emptyPayload(.frame),
    ]
    #expect(errors.map(\.reason) == PhonePacketError.reasons)
    #expect(Set(errors.map(\.description)).count == errors.count)
    #expect(Set(PublisherReject.reasons).count == PublisherReject.reasons.count)
  }
}
