/// Video usability information of an SPS (ISO/IEC 14496-10 annex E).
public struct VideoUsability: Hashable, Sendable {
  /// num_units_in_tick and time_scale: a field takes unitsInTick / timeScale seconds.
  public struct Timing: Hashable, Sendable {
    public var unitsInTick: UInt32
    public var timeScale: UInt32
    public var isFixedFrameRate: Bool
  }

  /// What a decoder may rely on to output early.
  public struct BitstreamRestriction: Hashable, Sendable {
    public var maxReorderFrames: Int
    public var maxDecodedFrameBuffering: Int
  }

  /// Colour description by the code points of ISO/IEC 23091-2.
  public struct Colour: Hashable, Sendable {
    public var primaries: UInt8
    public var transfer: UInt8
    public var matrix: UInt8
  }

  /// The shape of a sample, width to height.
  public struct SampleAspectRatio: Hashable, Sendable {
    public var width: UInt16
    public var height: UInt16
  }

  /// Where the stream gives its own ratio (Extended_SAR).
  public var sampleAspectRatio: SampleAspectRatio?
  /// Whether samples span 0…255 rather than 16…235.
  public var isFullRange = false
  public var colour: Colour?
  public var timing: Timing?
  public var bitstreamRestriction: BitstreamRestriction?
}

extension VideoUsability {
  /// vui_parameters(), §E.1.1.
  init(from reader: inout BitReader) throws(H264Error) {
    if try reader.readBit(), try reader.readBits(8) == 255 {  // aspect_ratio_idc: Extended_SAR
      let width = UInt16(truncatingIfNeeded: try reader.readBits(16))
      sampleAspectRatio = SampleAspectRatio(
        width: width, height: UInt16(truncatingIfNeeded: try reader.readBits(16)))
    }
    if try reader.readBit() { _ = try reader.readBit() }  // overscan
    if try reader.readBit() {  // video_signal_type_present_flag
      _ = try reader.readBits(3)
      isFullRange = try reader.readBit()
      if try reader.readBit() {
        let primaries = UInt8(truncatingIfNeeded: try reader.readBits(8))
        let transfer = UInt8(truncatingIfNeeded: try reader.readBits(8))
        colour = Colour(
          primaries: primaries, transfer: transfer, matrix: UInt8(truncatingIfNeeded: try reader.readBits(8)))
      }
    }
    if try reader.readBit() {  // chroma_loc_info_present_flag
      _ = try reader.readUnsigned()
      _ = try reader.readUnsigned()
    }
    if try reader.readBit() {
      let units = try reader.readBits(32)
      let scale = try reader.readBits(32)
      timing = Timing(unitsInTick: units, timeScale: scale, isFixedFrameRate: try reader.readBit())
    }
    let hasNALParameters = try reader.readBit()
    if hasNALParameters { try Self.skipReferenceDecoder(&reader) }
    let hasVCLParameters = try reader.readBit()
    if hasVCLParameters { try Self.skipReferenceDecoder(&reader) }
    if hasNALParameters || hasVCLParameters { _ = try reader.readBit() }  // low_delay_hrd_flag
    _ = try reader.readBit()  // pic_struct_present_flag
    guard try reader.readBit() else { return }
    _ = try reader.readBit()  // motion_vectors_over_pic_boundaries_flag
    for _ in 0..<4 { _ = try reader.readUnsigned() }  // denominators and vector lengths
    let reorder = try reader.readUnsigned(in: 0...16, "max_num_reorder_frames")
    let buffering = try reader.readUnsigned(in: 0...16, "max_dec_frame_buffering")
    bitstreamRestriction = BitstreamRestriction(maxReorderFrames: reorder, maxDecodedFrameBuffering: buffering)
  }

  /// hrd_parameters(), §E.1.2.
  private static func skipReferenceDecoder(_ reader: inout BitReader) throws(H264Error) {
    let count = try reader.readUnsigned(in: 0...31, "cpb_cnt_minus1") + 1
    try reader.skipBits(8)
    for _ in 0..<count {
      _ = try reader.readUnsigned()
      _ = try reader.readUnsigned()
      _ = try reader.readBit()
    }
    try reader.skipBits(20)
  }
}
