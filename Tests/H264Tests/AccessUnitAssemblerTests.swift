import CodedMedia
import H264
import MediaModel
import NIOCore
import Testing
import TestSupport

/// A publisher that sends made-up pictures of a given number of slices.
struct FakePublisher {
  var assembler: AccessUnitAssembler
  var now = HostTime(nanos: 0)
  var number = 0
  var pictures: [CodedPicture] = []
  var rejects: [AccessUnitReject] = []
  var nextDeadline: HostTime?
  /// Everything that was sent as frame payloads.
  var sent = ByteBuffer()

  static let sps = H264Fixture.SPS().nalUnit()
  static let pps = H264Fixture.pps()

  init(limits: AccessUnitLimits = AccessUnitLimits(), sendsSets: Bool = true) {
    assembler = AccessUnitAssembler(limits: limits)
    if sendsSets { parameterSets([Self.sps, Self.pps]) }
  }

  mutating func note(_ effects: AccessUnitAssembler.Effects) {
    pictures += effects.pictures
    rejects += effects.rejects
    nextDeadline = effects.nextDeadline
  }

  mutating func parameterSets(_ units: [ByteBuffer]) { note(assembler.parameterSets(H264Fixture.annexB(units))) }

  mutating func send(_ units: [ByteBuffer], micros: Int64? = nil) {
    let payload = H264Fixture.annexB(units)
    sent.writeImmutableBuffer(payload)
    note(assembler.frame(payload, senderMicros: micros ?? Int64(number) * 33_333, now: now))
  }

  mutating func wait(milliseconds: Int64) {
    now = now.advanced(by: .milliseconds(milliseconds))
    note(assembler.deadlineReached(at: now))
  }

  /// The slices of the next picture.
  mutating func slices(_ count: Int, isKey: Bool = false) -> [ByteBuffer] {
    number += 1
    return (0..<count).map { index in
      var slice = H264Fixture.Slice()
      slice.isIDR = isKey
      slice.type = isKey ? 7 : 5
      slice.frameNumber = isKey ? 0 : number % 256
      slice.idrPictureID = isKey ? number % 100 : 0
      slice.firstMacroblock = index * 100
      slice.seed = UInt64(number)
      return slice.nalUnit()
    }
  }

  /// The bytes of all pictures, in order.
  var received: ByteBuffer {
    pictures.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.bytes) }
  }
}

@Suite struct AccessUnitAssemblerTests {
  @Test func onePacketIsOnePicture() {
    var publisher = FakePublisher()
    publisher.send(publisher.slices(1, isKey: true))
    #expect(publisher.pictures.isEmpty)
    #expect(publisher.nextDeadline == HostTime(nanos: 100_000_000))
    publisher.send(publisher.slices(1))
    #expect(publisher.pictures.count == 1)
    publisher.send(publisher.slices(1))
    // The first two of the other kind come out together; from here on there is no latency.
    #expect(publisher.pictures.count == 3)
    #expect(publisher.nextDeadline == nil)
    for count in 4..<20 {
      publisher.send(publisher.slices(1, isKey: count == 10))
      #expect(publisher.pictures.count == count)
    }
    #expect(publisher.rejects.isEmpty)
    #expect(publisher.pictures.map(\.isKeyFrame).filter(\.self).count == 2)
  }

  @Test func parameterSetPacketsGoInFrontOfTheNextPicture() {
    var publisher = FakePublisher()
    let key = publisher.slices(1, isKey: true)
    publisher.send(key)
    publisher.wait(milliseconds: 100)
    let expected = H264Fixture.annexB([FakePublisher.sps, FakePublisher.pps] + key)
    #expect(publisher.pictures.map(\.bytes) == [expected])
    #expect(publisher.pictures[0].nalUnits == AnnexB.nalUnitRanges(in: expected))
    #expect(publisher.pictures[0].carriesParameterSets)
  }

  @Test func setsThatThePictureCarriesAreNotDoubled() {
    var publisher = FakePublisher()
    let whole = [FakePublisher.sps, FakePublisher.pps] + publisher.slices(1, isKey: true)
    publisher.send(whole)
    publisher.wait(milliseconds: 100)
    #expect(publisher.received == publisher.sent)
    // Only the one that is missing is added.
    publisher.parameterSets([FakePublisher.sps, FakePublisher.pps])
    let slices = publisher.slices(1, isKey: true)
    publisher.send([FakePublisher.sps] + slices)
    publisher.wait(milliseconds: 100)
    #expect(publisher.pictures[1].bytes == H264Fixture.annexB([FakePublisher.pps, FakePublisher.sps] + slices))
  }

  @Test func setsGoBehindTheDelimiter() {
    var publisher = FakePublisher()
    let slices = publisher.slices(2, isKey: true)
    publisher.send([H264Fixture.delimiter] + slices)
    publisher.wait(milliseconds: 100)
    let expected = H264Fixture.annexB([H264Fixture.delimiter, FakePublisher.sps, FakePublisher.pps] + slices)
    #expect(publisher.pictures.first?.bytes == expected)
    #expect(publisher.pictures.first?.nalUnits == AnnexB.nalUnitRanges(in: expected))
  }

  @Test func slicesInPacketsOfTheirOwnMakeOnePicture() {
    var publisher = FakePublisher()
    for count in 1..<30 {
      for slice in publisher.slices(7, isKey: count % 10 == 1) { publisher.send([slice]) }
      // Key pictures and others are learned separately: each is held the first time.
      if count >= 3 { #expect(publisher.pictures.count == count) }
    }
    #expect(publisher.pictures.dropFirst().allSatisfy { $0.nalUnits.count == 7 })
    #expect(publisher.assembler.lateContinuations == 0)
    let sets = H264Fixture.annexB([FakePublisher.sps, FakePublisher.pps])
    #expect(publisher.received.readableBytes == sets.readableBytes + publisher.sent.readableBytes)
  }

  @Test func aPacketMayHoldSeveralPictures() {
    var publisher = FakePublisher()
    publisher.send(publisher.slices(1, isKey: true))
    publisher.send(publisher.slices(2) + publisher.slices(2) + publisher.slices(2))
    // The first two of three end where the next begins, which is enough to know the last one complete.
    #expect(publisher.pictures.count == 4)
    publisher.send(publisher.slices(2) + [H264Fixture.delimiter] + publisher.slices(2))
    #expect(publisher.pictures.count == 6)
    #expect(publisher.pictures.dropFirst().map(\.nalUnits.count) == [2, 2, 2, 2, 3])
    let ranges = publisher.pictures.map { AnnexB.nalUnitRanges(in: $0.bytes) }
    #expect(publisher.pictures.map(\.nalUnits) == ranges)
  }

  @Test func seiInAPacketOfItsOwnBelongsToTheNextPicture() {
    var publisher = FakePublisher()
    for count in 0..<10 {
      publisher.send([H264Fixture.sei(type: 5, payload: [1, 2])])
      publisher.send(publisher.slices(1, isKey: count == 0))
    }
    publisher.wait(milliseconds: 100)
    #expect(publisher.pictures.count == 10)
    #expect(publisher.pictures.dropFirst().allSatisfy { $0.nalUnits.count == 2 })
  }

  @Test func encodersThatRepeatTheIDRPictureID() {
    var publisher = FakePublisher()
    for _ in 0..<5 {
      var slice = H264Fixture.Slice()
      (slice.isIDR, slice.type) = (true, 7)
      publisher.number += 1
      publisher.send([slice.nalUnit()])
    }
    publisher.wait(milliseconds: 100)
    #expect(publisher.pictures.count == 5)
  }

  @Test func lateSlicesAreHandedOnAndEndTheGuessing() {
    var publisher = FakePublisher()
    publisher.send(publisher.slices(1, isKey: true))
    for _ in 0..<3 { publisher.send(publisher.slices(2)) }
    let before = publisher.pictures.count
    #expect(before == 4)
    for round in 1...3 {
      let slices = publisher.slices(4)
      publisher.send(Array(slices[0..<2]))
      #expect(publisher.pictures.count == before + 2 * round - 1)
      publisher.send(Array(slices[2...]))
      publisher.wait(milliseconds: 100)
      #expect(publisher.pictures.count == before + 2 * round)
      #expect(publisher.assembler.lateContinuations == round)
      // Learn the small number again.
      for _ in 0..<9 {
        publisher.send(publisher.slices(2))
        publisher.wait(milliseconds: 100)
      }
      publisher.pictures.removeLast(9)
    }
    // From now on everything of the kind is held.
    let count = publisher.pictures.count
    publisher.send(publisher.slices(2))
    #expect(publisher.pictures.count == count)
    publisher.wait(milliseconds: 100)
    #expect(publisher.pictures.count == count + 1)
  }

  @Test func packetsWithVaryingSlicesAreNotHeld() {
    var publisher = FakePublisher()
    publisher.send(publisher.slices(1, isKey: true))
    publisher.send(publisher.slices(5))
    publisher.send(publisher.slices(3))
    for count in [2, 5, 1, 9, 3] {
      let before = publisher.pictures.count
      publisher.send(publisher.slices(count))
      #expect(publisher.pictures.count == before + 1)
      #expect(publisher.nextDeadline == nil)
    }
    #expect(publisher.assembler.lateContinuations == 0)
  }

  @Test func alignedPublishersHaveNoLatencyAndNoGuessing() {
    var publisher = FakePublisher()
    publisher.assembler.isAligned = true
    for count in 1...10 {
      publisher.send(publisher.slices(count % 4 + 1, isKey: count == 1))
      #expect(publisher.pictures.count == count)
      #expect(publisher.nextDeadline == nil)
    }
    publisher.send([H264Fixture.sei(type: 5, payload: [])])
    #expect(publisher.rejects == [.noSlice])
    // Parameter sets in a frame packet of their own count as parameter sets.
    publisher.send([FakePublisher.sps, FakePublisher.pps])
    let key = publisher.slices(1, isKey: true)
    publisher.send(key)
    #expect(publisher.rejects.count == 1)
    #expect(publisher.pictures.last?.bytes == H264Fixture.annexB([FakePublisher.sps, FakePublisher.pps] + key))
  }

  @Test func recoveryPointsOnIntraSlicesAreKeyFrames() {
    func isKey(_ type: Int, frames: Int) -> Bool? {
      var publisher = FakePublisher()
      var slice = H264Fixture.Slice()
      slice.type = type
      publisher.send([H264Fixture.recoveryPoint(frames: frames), slice.nalUnit()])
      publisher.wait(milliseconds: 100)
      return publisher.pictures.first?.isKeyFrame
    }
    #expect(isKey(7, frames: 0) == true)
    #expect(isKey(7, frames: 5) == false)
    #expect(isKey(5, frames: 0) == false)
  }

  @Test func aNewSPSIsANewObjectAndTheSameIsNot() {
    var publisher = FakePublisher()
    publisher.send(publisher.slices(1, isKey: true))
    publisher.parameterSets([FakePublisher.sps, FakePublisher.pps])
    publisher.send(publisher.slices(1, isKey: true))
    var larger = H264Fixture.SPS()
    larger.width = 1_280
    publisher.parameterSets([larger.nalUnit(), FakePublisher.pps])
    publisher.send(publisher.slices(1, isKey: true))
    publisher.wait(milliseconds: 100)
    let sets = publisher.pictures.map(\.parameterSets)
    #expect(sets.count == 3)
    #expect(sets[0] === sets[1] && sets[1] !== sets[2])
    #expect(sets[2].resolution == Resolution(width: 1_280, height: 480))
  }

  @Test func finishHandsOnWhatIsHeld() {
    var publisher = FakePublisher()
    publisher.send(publisher.slices(1, isKey: true))
    publisher.note(publisher.assembler.finish())
    #expect(publisher.pictures.count == 1 && publisher.nextDeadline == nil)
    publisher.note(publisher.assembler.finish())
    #expect(publisher.pictures.count == 1)
  }
}
