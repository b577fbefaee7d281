public import MediaModel

/// A sequence parameter set (ISO/IEC 14496-10 §7.3.2.1.1): what is the same for every picture of a coded video sequence.
public struct SequenceParameterSet: Hashable, Sendable {
  /// How the output order of pictures is coded (§8.2.1).
  public enum PictureOrderCount: Hashable, Sendable {
    /// Type 0: explicit, modulo 2^`bits`.
    case explicit(bits: Int)
    /// Type 1: differences to an expected cycle.
    case cycle(deltaAlwaysZero: Bool)
    /// Type 2: output order is decoding order.
    case decodingOrder
  }

  /// The part of the coded picture that is shown, as distances from its edges in luma samples.
  public struct Cropping: Hashable, Sendable {
    public var left = 0
    public var right = 0
    public var top = 0
    public var bottom = 0
  }

  public var profileIDC: UInt8
  /// constraint_set0_flag is the highest bit; the two lowest bits are reserved.
  public var constraintFlags: UInt8
  /// Ten times the level, 9 or 11 for level 1b.
  public var levelIDC: UInt8
  /// 0…31
  public var id: Int
  /// 0: monochrome, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4.
  public var chromaFormatIDC: Int
  public var separateColourPlanes: Bool
  /// 8…14
  public var bitDepthLuma: Int
  /// 8…14
  public var bitDepthChroma: Int
  /// 4…16: width of frame_num in slice headers.
  public var frameNumberBits: Int
  public var pictureOrderCount: PictureOrderCount
  /// 0…16
  public var maxReferenceFrames: Int
  public var allowsFrameNumberGaps: Bool
  public var widthInMacroblocks: Int
  /// Height of a frame, both fields of it where coding is interlaced.
  public var heightInMacroblocks: Int
  /// Whether every picture is a whole frame (no fields).
  public var isFrameOnly: Bool
  public var cropping: Cropping
  public var usability: VideoUsability?

  /// Size of the decoded picture after cropping.
  public var resolution: Resolution {
    Resolution(
      width: widthInMacroblocks * 16 - cropping.left - cropping.right,
      height: heightInMacroblocks * 16 - cropping.top - cropping.bottom)
  }

  /// RFC 6381 codec string: profile, constraints and level in hexadecimal, such as `avc1.42c01f`.
  public var codecString: String {
    let digits = [profileIDC, constraintFlags, levelIDC].map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return "avc1." + digits.joined()
  }

  /// Pictures per second by the VUI, where it says so. Real streams deviate from it: never a substitute for timestamps.
  public var nominalFramesPerSecond: Double? {
    guard let timing = usability?.timing, timing.unitsInTick > 0, timing.timeScale > 0 else { return nil }
    return Double(timing.timeScale) / (2 * Double(timing.unitsInTick))
  }

  /// By how many pictures decoding may run ahead of output.
  ///
  /// max_num_reorder_frames where the stream says it; 0 where the profile or the picture order count rule reordering
  /// out; else what annex E.2.1 infers, the frames that fit into the decoded picture buffer.
  public var reorderDepth: Int {
    if let restriction = usability?.bitstreamRestriction {
      return min(restriction.maxReorderFrames, 16)
    }
    if pictureOrderCount == .decodingOrder || excludesBidirectionalSlices || maxReferenceFrames == 0 { return 0 }
    return maxDecodedFrames
  }

  /// Profiles without B slices: Baseline, Constrained High, and the intra profiles (annex A.2).
  private var excludesBidirectionalSlices: Bool {
    let set3 = constraintFlags & 0x10 != 0
    let sets4And5 = constraintFlags & 0x0c == 0x0c
    switch profileIDC {
    case 66: return true
    case 77: return constraintFlags & 0x80 != 0  // also conforms to Baseline
    case 100: return set3 || sets4And5
    case 44: return true
    case 110, 122, 244: return set3
    default: return false
    }
  }

  /// MaxDpbFrames of the level (annex A.3.1, table A-1).
  var maxDecodedFrames: Int {
    let macroblocks: Int
    switch levelIDC {
    case ...10: macroblocks = 396
    case 11: macroblocks = constraintFlags & 0x10 != 0 && [66, 77, 88].contains(profileIDC) ? 396 : 900
    case 12, 13, 20: macroblocks = 2_376
    case 21: macroblocks = 4_752
    case 22, 30: macroblocks = 8_100
    case 31: macroblocks = 18_000
    case 32: macroblocks = 20_480
    case 40, 41: macroblocks = 32_768
    case 42: macroblocks = 34_816
    case 50: macroblocks = 110_400
    case 51, 52: macroblocks = 184_320
    default: macroblocks = 696_320
    }
    return max(1, min(16, macroblocks / max(1, widthInMacroblocks * heightInMacroblocks)))
  }
}
