import CodedMedia
import H264
import MediaModel
import NIOCore
import Testing
import TestSupport

@Suite struct AccessUnitRejectTests {
  private func raw(_ publisher: inout FakePublisher, _ bytes: [UInt8]) {
    publisher.note(publisher.assembler.frame(ByteBuffer(bytes: bytes), senderMicros: 0, now: publisher.now))
  }

  @Test(arguments: [[], [1, 2, 3], [0, 0], [0, 0, 2, 1], [9, 0, 0, 1, 0x65], [0, 0, 0, 1]] as [[UInt8]])
  func payloadWithoutStartCode(_ bytes: [UInt8]) {
    var publisher = FakePublisher()
    raw(&publisher, bytes)
    #expect(publisher.rejects == [.payloadWithoutStartCode(bytes: bytes.count)])
    publisher.note(publisher.assembler.parameterSets(ByteBuffer(bytes: bytes)))
    #expect(publisher.rejects.count == 2)
  }

  @Test func frameBeforeParameterSets() {
    var publisher = FakePublisher(sendsSets: false)
    publisher.send([H264Fixture.delimiter] + publisher.slices(3, isKey: true))
    #expect(publisher.rejects == [.frameBeforeParameterSets])
    publisher.parameterSets([FakePublisher.pps])
    publisher.send(publisher.slices(1, isKey: true))
    #expect(publisher.rejects.count == 2)
    publisher.parameterSets([FakePublisher.sps])
    publisher.send(publisher.slices(1, isKey: true))
    publisher.wait(milliseconds: 100)
    #expect(publisher.pictures.count == 1 && publisher.rejects.count == 2)
    #expect(publisher.pictures.first?.nalUnits.count == 3)
  }

  @Test func largePicturesAreLeftOutAndTheNextOneIsNot() {
    var limits = AccessUnitLimits()
    limits.accessUnitBytes = 1_000
    var publisher = FakePublisher(limits: limits)
    raw(&publisher, [0, 0, 1, 0x65] + [UInt8](repeating: 0xaa, count: 1_000))
    #expect(publisher.rejects == [.accessUnitTooLarge(bytes: 1_004, limit: 1_000)])
    // Over the limit by its slices together: all of it is left out, whatever comes.
    for slice in publisher.slices(60, isKey: true) { publisher.send([slice]) }
    #expect(publisher.rejects.count == 2)
    publisher.send(publisher.slices(1, isKey: true))
    publisher.wait(milliseconds: 100)
    #expect(publisher.pictures.count == 1)
    // What precedes a picture is bounded as well, and does not take the picture with it.
    for _ in 0..<50 { publisher.send([H264Fixture.sei(type: 5, payload: [UInt8](repeating: 1, count: 100))]) }
    publisher.send(publisher.slices(1))
    publisher.wait(milliseconds: 100)
    #expect(publisher.pictures.count == 2)
  }

  @Test func tooManyUnits() {
    var limits = AccessUnitLimits()
    limits.nalUnits = 8
    var publisher = FakePublisher(limits: limits)
    publisher.send(publisher.slices(9))
    #expect(publisher.rejects == [.tooManyNALUnits(limit: 8)])
  }

  @Test func damagedUnitsAreCutOut() {
    var publisher = FakePublisher()
    let slices = publisher.slices(3, isKey: true)
    var damaged = slices[1]
    damaged.setInteger(UInt8(0xe5), at: 0)
    publisher.send([slices[0], damaged, slices[2], ByteBuffer(bytes: [0x67, 1])])
    publisher.wait(milliseconds: 100)
    #expect(publisher.rejects.map(\.reason).sorted() == ["damaged_nal_unit", "invalid_parameter_set"])
    let expected = H264Fixture.annexB([FakePublisher.sps, FakePublisher.pps, slices[0], slices[2]])
    #expect(publisher.pictures.map(\.bytes) == [expected])
  }

  @Test func invalidSlicesAreCutOut() {
    var publisher = FakePublisher()
    let slices = publisher.slices(1, isKey: true)
    publisher.send(slices + [ByteBuffer(bytes: [0x65, 0x00, 0x00])])
    publisher.wait(milliseconds: 100)
    #expect(publisher.rejects == [.invalidSlice(.truncated("slice header"))])
    #expect(publisher.pictures.count == 1)
  }

  @Test func parameterSetPacketsWithoutAny() {
    var publisher = FakePublisher()
    publisher.parameterSets([H264Fixture.delimiter])
    #expect(publisher.rejects == [.noParameterSet])
    publisher.parameterSets([ByteBuffer(bytes: [0x67, 66])])
    #expect(publisher.rejects.last == .invalidParameterSet(.truncated("SPS")))
  }

  @Test func everyReasonIsListed() {
    let rejects: [AccessUnitReject] = [
      .payloadWithoutStartCode(bytes: 0), .frameBeforeParameterSets, .accessUnitTooLarge(bytes: 1, limit: 1),
      .tooManyNALUnits(limit: 1), .noSlice, .noParameterSet, .invalidParameterSet(.exponentTooLarge),
      .invalidSlice(.exponentTooLarge), .damagedNALUnit,
    ]
    #expect(rejects.map(\.reason) == AccessUnitReject.reasons)
    #expect(Set(rejects.map(\.description)).count == rejects.count)
  }

  @Test func damagedStreamsNeverTrapAndStayBounded() {
    var publisher = FakePublisher()
    var seeds = [H264Fixture.annexB([H264Fixture.recoveryPoint(frames: 0)] + publisher.slices(2))]
    seeds.append(H264Fixture.annexB([FakePublisher.sps, FakePublisher.pps] + publisher.slices(2, isKey: true)))
    for count in 1...4 { seeds.append(H264Fixture.annexB(publisher.slices(count), startCodeBytes: 3)) }
    seeds.append(H264Fixture.annexB([H264Fixture.delimiter] + publisher.slices(1) + publisher.slices(1)))
    var generator = SeededGenerator(seed: 5)
    var sent = 0
    Mutation.forEach(of: seeds, count: 20_000, seed: 11) { payload in
      sent += payload.readableBytes
      publisher.assembler.isAligned = Int.random(in: 0..<50, using: &generator) == 0
      if Int.random(in: 0..<10, using: &generator) == 0 {
        publisher.note(publisher.assembler.parameterSets(payload))
      } else {
        publisher.note(publisher.assembler.frame(payload, senderMicros: Int64(sent), now: publisher.now))
      }
      publisher.wait(milliseconds: 20)
    }
    #expect(publisher.pictures.count > 5_000)
    for picture in publisher.pictures {
      #expect(picture.nalUnits == AnnexB.nalUnitRanges(in: picture.bytes))
      #expect(!picture.nalUnits.isEmpty)
    }
    // Pending parameter sets are the only bytes that can be written anew.
    #expect(publisher.received.readableBytes <= 2 * sent)
  }
}
