public import NIOCore

/// The start of a slice header (ISO/IEC 14496-10 §7.3.3), as far as it tells pictures apart.
public struct SliceHeader: Hashable, Sendable {
  /// What a slice may refer to.
  public enum Kind: Hashable, Sendable {
    case p, b, i, sp, si

    /// Whether the slice decodes without any other picture.
    public var isIntra: Bool { self == .i || self == .si }
  }

  public var nalReferenceIDC: UInt8
  public var isIDR: Bool
  /// Address of the first macroblock; zero in the slice that starts the picture, unless slices come out of order.
  public var firstMacroblock: Int
  public var kind: Kind
  public var ppsID: Int
  public var frameNumber: Int
  public var isField: Bool
  public var isBottomField: Bool
  /// 0…65535 in IDR slices, otherwise 0.
  public var idrPictureID: Int
  /// pic_order_cnt_lsb, for picture order count type 0.
  public var orderCountLSB: Int
  public var deltaOrderCountBottom: Int32
  /// delta_pic_order_cnt[0] and [1], for picture order count type 1.
  public var deltaOrderCount: SIMD2<Int32>
  /// Above zero in slices of a redundant coded picture.
  public var redundantPictureCount: Int

  /// Reads the header of a slice (NAL unit types 1, 2 and 5).
  ///
  /// - Parameters:
  ///   - nalUnit: the NAL unit without start code; some 40 bytes of it are enough.
  ///   - lookUp: the parameter sets for a PPS id.
  /// - Throws: ``H264Error/unknownParameterSet(kind:id:)`` when `lookUp` has none.
  public static func parse(
    _ nalUnit: ByteBuffer, lookUp: (_ ppsID: Int) -> (SequenceParameterSet, PictureParameterSet)?
  ) throws(H264Error) -> SliceHeader {
    guard let byte: UInt8 = nalUnit.getInteger(at: nalUnit.readerIndex) else { throw .truncated("slice header") }
    let header = NALUnitHeader(byte: byte)
    guard header.type.hasSliceHeader else {
      throw .unexpectedNALUnitType(header.type.rawValue, expected: NALUnitType.slice.rawValue)
    }
    var reader = BitReader(nalUnit: nalUnit, structure: "slice header")
    let firstMacroblock = try reader.readUnsigned(in: 0...139_263, "first_mb_in_slice")
    let kind = try Kind(sliceType: reader.readUnsigned(in: 0...9, "slice_type"))
    let ppsID = try reader.readUnsigned(in: 0...255, "pic_parameter_set_id")
    guard let (sps, pps) = lookUp(ppsID) else { throw .unknownParameterSet(kind: .pps, id: ppsID) }
    var slice = SliceHeader(
      nalReferenceIDC: header.referenceIDC, isIDR: header.type == .idrSlice, firstMacroblock: firstMacroblock,
      kind: kind, ppsID: ppsID)
    try slice.readPictureIdentity(&reader, sps: sps, pps: pps)
    return slice
  }

  private init(
    nalReferenceIDC: UInt8, isIDR: Bool, firstMacroblock: Int, kind: Kind, ppsID: Int
  ) {
    self.nalReferenceIDC = nalReferenceIDC
    self.isIDR = isIDR
    self.firstMacroblock = firstMacroblock
    self.kind = kind
    self.ppsID = ppsID
    frameNumber = 0
    isField = false
    isBottomField = false
    idrPictureID = 0
    orderCountLSB = 0
    deltaOrderCountBottom = 0
    deltaOrderCount = .zero
    redundantPictureCount = 0
  }

  private mutating func readPictureIdentity(
    _ reader: inout BitReader, sps: SequenceParameterSet, pps: PictureParameterSet
  ) throws(H264Error) {
    if sps.separateColourPlanes { try reader.skipBits(2) }  // colour_plane_id
    frameNumber = Int(try reader.readBits(sps.frameNumberBits))
    if !sps.isFrameOnly {
      isField = try reader.readBit()
      if isField { isBottomField = try reader.readBit() }
    }
    if isIDR { idrPictureID = try reader.readUnsigned(in: 0...65_535, "idr_pic_id") }
    switch sps.pictureOrderCount {
    case .explicit(let bits):
      orderCountLSB = Int(try reader.readBits(bits))
      if pps.hasPictureOrderInFrame, !isField { deltaOrderCountBottom = try reader.readSigned() }
    case .cycle(deltaAlwaysZero: false):
      deltaOrderCount[0] = try reader.readSigned()
      if pps.hasPictureOrderInFrame, !isField { deltaOrderCount[1] = try reader.readSigned() }
    case .cycle(deltaAlwaysZero: true), .decodingOrder:
      break
    }
    if pps.hasRedundantPictureCount {
      redundantPictureCount = try reader.readUnsigned(in: 0...127, "redundant_pic_cnt")
    }
  }

  /// Whether this slice belongs to another primary coded picture than `previous`, the slice before it (§7.4.1.2.4).
  public func beginsNewPicture(after previous: SliceHeader) -> Bool {
    frameNumber != previous.frameNumber
      || ppsID != previous.ppsID
      || isField != previous.isField || isBottomField != previous.isBottomField
      || (nalReferenceIDC != previous.nalReferenceIDC && (nalReferenceIDC == 0 || previous.nalReferenceIDC == 0))
      || orderCountLSB != previous.orderCountLSB
      || deltaOrderCountBottom != previous.deltaOrderCountBottom
      || deltaOrderCount != previous.deltaOrderCount
      || isIDR != previous.isIDR
      || idrPictureID != previous.idrPictureID
  }
}

extension SliceHeader.Kind {
  /// slice_type of table 7-6: 5…9 say that every slice of the picture is of the kind.
  fileprivate init(sliceType: Int) throws(H264Error) {
    switch sliceType % 5 {
    case 0: self = .p
    case 1: self = .b
    case 2: self = .i
    case 3: self = .sp
    default: self = .si
    }
  }
}
