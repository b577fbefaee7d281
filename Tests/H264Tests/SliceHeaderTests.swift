import H264
import NIOCore
import Testing
import TestSupport

@Suite struct SliceHeaderTests {
  private func parse(
    _ slice: H264Fixture.Slice, sps change: (inout H264Fixture.SPS) -> Void = { _ in }
  ) throws -> SliceHeader {
    var fixture = H264Fixture.SPS()
    change(&fixture)
    let sps = try SequenceParameterSet.parse(fixture.nalUnit())
    let pps = try PictureParameterSet.parse(H264Fixture.pps(id: slice.ppsID))
    return try SliceHeader.parse(slice.nalUnit()) { $0 == slice.ppsID ? (sps, pps) : nil }
  }

  @Test func readsAnIDRSlice() throws {
    var fixture = H264Fixture.Slice()
    (fixture.isIDR, fixture.type, fixture.ppsID, fixture.idrPictureID) = (true, 7, 4, 65_535)
    let slice = try parse(fixture)
    #expect(slice.isIDR && slice.kind == .i && slice.kind.isIntra)
    #expect(slice.ppsID == 4 && slice.idrPictureID == 65_535 && slice.firstMacroblock == 0)
  }

  @Test func readsOrderCount() throws {
    var fixture = H264Fixture.Slice()
    (fixture.type, fixture.orderCount, fixture.frameNumber, fixture.firstMacroblock) = (1, 200, 255, 40)
    let slice = try parse(fixture) { $0.orderCountType = 0 }
    #expect(slice.kind == .b && slice.orderCountLSB == 200 && slice.frameNumber == 255 && slice.firstMacroblock == 40)
  }

  @Test func saysWhichSetIsMissing() {
    #expect(throws: H264Error.unknownParameterSet(kind: .pps, id: 0)) {
      try SliceHeader.parse(H264Fixture.Slice().nalUnit()) { _ in nil }
    }
    #expect(throws: H264Error.unexpectedNALUnitType(7, expected: 1)) {
      try SliceHeader.parse(H264Fixture.SPS().nalUnit()) { _ in nil }
    }
  }

  /// Every condition of §7.4.1.2.4, one at a time.
  @Test func tellsPicturesApart() throws {
    var base = H264Fixture.Slice()
    (base.orderCount, base.frameNumber) = (10, 3)
    func isNew(_ change: (inout H264Fixture.Slice) -> Void) throws -> Bool {
      var changed = base
      changed.firstMacroblock = 20
      change(&changed)
      let first = try parse(base) { $0.orderCountType = 0 }
      return try parse(changed) { $0.orderCountType = 0 }.beginsNewPicture(after: first)
    }
    #expect(try !isNew { _ in })
    #expect(try !isNew { $0.type = 2 })
    #expect(try !isNew { $0.reference = 1 })  // 3 → 1: neither is zero
    #expect(try isNew { $0.reference = 0 })
    #expect(try isNew { $0.frameNumber = 4 })
    #expect(try isNew { $0.ppsID = 1 })
    #expect(try isNew { $0.orderCount = 12 })
    #expect(try isNew { $0.isIDR = true })
  }

  @Test func idrPicturesInARowDifferByID() throws {
    var first = H264Fixture.Slice()
    (first.isIDR, first.idrPictureID) = (true, 0)
    var second = first
    second.firstMacroblock = 20
    #expect(try !parse(second).beginsNewPicture(after: parse(first)))
    second.idrPictureID = 1
    #expect(try parse(second).beginsNewPicture(after: parse(first)))
  }

  @Test func damagedSlicesNeverTrap() throws {
    var seeds: [ByteBuffer] = []
    for type in 0..<10 {
      var fixture = H264Fixture.Slice()
      (fixture.type, fixture.isIDR, fixture.orderCount) = (type, type % 5 == 2, 5)
      seeds.append(fixture.nalUnit())
    }
    var fixture = H264Fixture.SPS()
    (fixture.orderCountType, fixture.isFrameOnly) = (1, false)
    let sps = try SequenceParameterSet.parse(fixture.nalUnit())
    let pps = try PictureParameterSet.parse(H264Fixture.pps(hasOrderInFrame: true, hasRedundantCount: true))
    var parsed = 0
    Mutation.forEach(of: seeds, count: 20_000) { unit in
      if (try? SliceHeader.parse(unit) { _ in (sps, pps) }) != nil { parsed += 1 }
    }
    #expect(parsed > 1_000)
  }

  @Test func findsRecoveryPoints() {
    #expect(RecoveryPoint.find(inSEI: H264Fixture.recoveryPoint(frames: 0))?.framesToRecover == 0)
    #expect(RecoveryPoint.find(inSEI: H264Fixture.recoveryPoint(frames: 12))?.framesToRecover == 12)
    #expect(RecoveryPoint.find(inSEI: H264Fixture.sei(type: 5, payload: [1, 2, 3])) == nil)
    #expect(RecoveryPoint.find(inSEI: ByteBuffer()) == nil)
    // Behind a message whose payload has emulation prevention and whose size needs the right count of it.
    let both = BitWriter.nalUnit(header: 0x06, payload: [5, 4, 0, 0, 1, 9, 6, 1, 0b1100_0100, 0x80])
    #expect(RecoveryPoint.find(inSEI: both)?.framesToRecover == 0)
  }
}
