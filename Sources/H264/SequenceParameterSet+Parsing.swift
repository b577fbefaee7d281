public import NIOCore

extension SequenceParameterSet {
  /// Profiles whose SPS has chroma format, bit depths and scaling matrices (§7.3.2.1.1).
  static let highProfiles: Set<UInt8> = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]

  /// Reads an SPS NAL unit, its header byte included, without start code.
  public static func parse(_ nalUnit: ByteBuffer) throws(H264Error) -> SequenceParameterSet {
    try requireType(.sps, of: nalUnit)
    var reader = BitReader(nalUnit: nalUnit, structure: "SPS")
    let profile = UInt8(truncatingIfNeeded: try reader.readBits(8))
    let constraints = UInt8(truncatingIfNeeded: try reader.readBits(8))
    let level = UInt8(truncatingIfNeeded: try reader.readBits(8))
    let id = try reader.readUnsigned(in: 0...31, "seq_parameter_set_id")
    let format = highProfiles.contains(profile) ? try SampleFormat(from: &reader) : SampleFormat()
    let frameNumberBits = try reader.readUnsigned(in: 0...12, "log2_max_frame_num_minus4") + 4
    let order = try PictureOrderCount(from: &reader)
    let references = try reader.readUnsigned(in: 0...16, "max_num_ref_frames")
    let gaps = try reader.readBit()
    // 1055 macroblocks is the widest picture of any level (annex A.3.1: sqrt(8 · MaxFS), level 6.2).
    let width = try reader.readUnsigned(in: 0...1054, "pic_width_in_mbs_minus1") + 1
    let mapUnits = try reader.readUnsigned(in: 0...1054, "pic_height_in_map_units_minus1") + 1
    let isFrameOnly = try reader.readBit()
    if !isFrameOnly { _ = try reader.readBit() }  // mb_adaptive_frame_field_flag
    _ = try reader.readBit()  // direct_8x8_inference_flag
    let height = mapUnits * (isFrameOnly ? 1 : 2)
    var cropping = Cropping()
    if try reader.readBit() {
      cropping = try readCropping(
        &reader, format: format, isFrameOnly: isFrameOnly, width: width * 16, height: height * 16)
    }
    let usability = try reader.readBit() ? try VideoUsability(from: &reader) : nil
    return SequenceParameterSet(
      profileIDC: profile, constraintFlags: constraints, levelIDC: level, id: id,
      chromaFormatIDC: format.chromaFormatIDC, separateColourPlanes: format.separateColourPlanes,
      bitDepthLuma: format.bitDepthLuma, bitDepthChroma: format.bitDepthChroma, frameNumberBits: frameNumberBits,
      pictureOrderCount: order, maxReferenceFrames: references, allowsFrameNumberGaps: gaps,
      widthInMacroblocks: width, heightInMacroblocks: height, isFrameOnly: isFrameOnly, cropping: cropping,
      usability: usability)
  }

  private static func readCropping(
    _ reader: inout BitReader, format: SampleFormat, isFrameOnly: Bool, width: Int, height: Int
  ) throws(H264Error) -> Cropping {
    // CropUnitX and CropUnitY, equations 7-19 to 7-22.
    let isSubsampled = !format.separateColourPlanes
    let unitX = isSubsampled && (format.chromaFormatIDC == 1 || format.chromaFormatIDC == 2) ? 2 : 1
    let unitY = (isSubsampled && format.chromaFormatIDC == 1 ? 2 : 1) * (isFrameOnly ? 1 : 2)
    var cropping = Cropping()
    cropping.left = try reader.readUnsigned(in: 0...width, "frame_crop_left_offset") * unitX
    cropping.right = try reader.readUnsigned(in: 0...width, "frame_crop_right_offset") * unitX
    cropping.top = try reader.readUnsigned(in: 0...height, "frame_crop_top_offset") * unitY
    cropping.bottom = try reader.readUnsigned(in: 0...height, "frame_crop_bottom_offset") * unitY
    guard cropping.left + cropping.right < width else {
      throw .outOfRange(element: "frame_crop_right_offset", value: cropping.right)
    }
    guard cropping.top + cropping.bottom < height else {
      throw .outOfRange(element: "frame_crop_bottom_offset", value: cropping.bottom)
    }
    return cropping
  }
}

/// Chroma format and bit depths of the high profiles; 8-bit 4:2:0 for all others.
private struct SampleFormat {
  var chromaFormatIDC = 1
  var separateColourPlanes = false
  var bitDepthLuma = 8
  var bitDepthChroma = 8

  init() {}

  init(from reader: inout BitReader) throws(H264Error) {
    chromaFormatIDC = try reader.readUnsigned(in: 0...3, "chroma_format_idc")
    if chromaFormatIDC == 3 { separateColourPlanes = try reader.readBit() }
    bitDepthLuma = try reader.readUnsigned(in: 0...6, "bit_depth_luma_minus8") + 8
    bitDepthChroma = try reader.readUnsigned(in: 0...6, "bit_depth_chroma_minus8") + 8
    _ = try reader.readBit()  // qpprime_y_zero_transform_bypass_flag
    guard try reader.readBit() else { return }
    for list in 0..<(chromaFormatIDC == 3 ? 12 : 8) where try reader.readBit() {
      try Self.skipScalingList(&reader, size: list < 6 ? 16 : 64)
    }
  }

  /// scaling_list(), §7.3.2.1.1.1.
  private static func skipScalingList(_ reader: inout BitReader, size: Int) throws(H264Error) {
    var last: Int32 = 8
    for _ in 0..<size {
      let delta = try reader.readSigned()
      guard (-128...127).contains(delta) else { throw .outOfRange(element: "delta_scale", value: Int(delta)) }
      let next = (last + delta + 256) % 256
      if next == 0 { return }
      last = next
    }
  }
}

extension SequenceParameterSet.PictureOrderCount {
  fileprivate init(from reader: inout BitReader) throws(H264Error) {
    switch try reader.readUnsigned(in: 0...2, "pic_order_cnt_type") {
    case 0:
      self = .explicit(bits: try reader.readUnsigned(in: 0...12, "log2_max_pic_order_cnt_lsb_minus4") + 4)
    case 1:
      let deltaAlwaysZero = try reader.readBit()
      _ = try reader.readSigned()  // offset_for_non_ref_pic
      _ = try reader.readSigned()  // offset_for_top_to_bottom_field
      let count = try reader.readUnsigned(in: 0...255, "num_ref_frames_in_pic_order_cnt_cycle")
      for _ in 0..<count { _ = try reader.readSigned() }
      self = .cycle(deltaAlwaysZero: deltaAlwaysZero)
    default:
      self = .decodingOrder
    }
  }
}

/// Throws unless the NAL unit has `type` and is not empty.
func requireType(_ type: NALUnitType, of nalUnit: ByteBuffer) throws(H264Error) {
  guard let header: UInt8 = nalUnit.getInteger(at: nalUnit.readerIndex) else { throw .truncated("NAL unit") }
  guard NALUnitType(header: header) == type else {
    throw .unexpectedNALUnitType(NALUnitType(header: header).rawValue, expected: type.rawValue)
  }
}
