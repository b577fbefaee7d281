public import NIOCore

/// NAL units made to order.
public enum H264Fixture {
  /// Syntax elements of an SPS.
  public struct SPS: Sendable {
    public var profile: UInt8 = 66
    public var constraints: UInt8 = 0xc0
    public var level: UInt8 = 31
    public var id = 0
    public var chromaFormat = 1
    public var width = 640
    public var height = 480
    public var frameNumberBits = 8
    /// pic_order_cnt_type
    public var orderCountType = 2
    /// For type 0.
    public var orderCountBits = 8
    /// For type 1.
    public var deltaOrderAlwaysZero = false
    public var referenceFrames = 1
    public var isFrameOnly = true
    /// num_units_in_tick, time_scale
    public var timing: (units: UInt32, scale: UInt32)?
    public var reorderFrames: Int?
    public var isFullRange = false

    public init() {}

    /// Width and height that are no multiples of 16 are reached by cropping on the right and at the bottom.
    public func nalUnit() -> ByteBuffer {
      var writer = BitWriter()
      for byte in [profile, constraints, level] { writer.bits(UInt64(byte), 8) }
      writer.unsigned(id)
      if [100, 110, 122, 244, 44].contains(profile) {
        writer.unsigned(chromaFormat)
        if chromaFormat == 3 { writer.flag(false) }
        writer.unsigned(0)
        writer.unsigned(0)
        writer.flag(false)
        writer.flag(false)
      }
      writer.unsigned(frameNumberBits - 4)
      writer.unsigned(orderCountType)
      if orderCountType == 0 { writer.unsigned(orderCountBits - 4) }
      if orderCountType == 1 {
        writer.flag(deltaOrderAlwaysZero)
        for value in [-3, 2] { writer.signed(value) }
        writer.unsigned(2)
        for value in [1, -1] { writer.signed(value) }
      }
      writer.unsigned(referenceFrames)
      writer.flag(false)
      writeSize(to: &writer)
      writeUsability(to: &writer)
      return writer.nalUnit(header: 0x67)
    }

    private func writeSize(to writer: inout BitWriter) {
      let fields = isFrameOnly ? 1 : 2
      let widthUnits = (width + 15) / 16
      let heightUnits = (height + 16 * fields - 1) / (16 * fields)
      writer.unsigned(widthUnits - 1)
      writer.unsigned(heightUnits - 1)
      writer.flag(isFrameOnly)
      if !isFrameOnly { writer.flag(false) }
      writer.flag(true)
      let spareX = widthUnits * 16 - width
      let spareY = heightUnits * 16 * fields - height
      writer.flag(spareX + spareY > 0)
      guard spareX + spareY > 0 else { return }
      let unitX = chromaFormat == 1 || chromaFormat == 2 ? 2 : 1
      let unitY = (chromaFormat == 1 ? 2 : 1) * fields
      for offset in [0, spareX / unitX, 0, spareY / unitY] { writer.unsigned(offset) }
    }

    private func writeUsability(to writer: inout BitWriter) {
      writer.flag(timing != nil || reorderFrames != nil || isFullRange)
      guard timing != nil || reorderFrames != nil || isFullRange else { return }
      writer.flag(false)
      writer.flag(false)
      writer.flag(isFullRange)
      if isFullRange {
        writer.bits(5, 3)
        writer.flag(true)
        writer.flag(false)
      }
      writer.flag(false)
      writer.flag(timing != nil)
      if let timing {
        writer.bits(UInt64(timing.units), 32)
        writer.bits(UInt64(timing.scale), 32)
        writer.flag(true)
      }
      for _ in 0..<3 { writer.flag(false) }
      writer.flag(reorderFrames != nil)
      if let reorderFrames {
        writer.flag(true)
        for value in [2, 1, 16, 16, reorderFrames, max(reorderFrames, referenceFrames)] { writer.unsigned(value) }
      }
    }
  }

  /// A PPS NAL unit.
  public static func pps(
    id: Int = 0, spsID: Int = 0, isCABAC: Bool = false, hasOrderInFrame: Bool = false, hasRedundantCount: Bool = false,
    initialQuantizer: Int = 0
  ) -> ByteBuffer {
    var writer = BitWriter()
    writer.unsigned(id)
    writer.unsigned(spsID)
    writer.flag(isCABAC)
    writer.flag(hasOrderInFrame)
    for _ in 0..<3 { writer.unsigned(0) }
    writer.bits(0, 3)
    for value in [initialQuantizer, 0, 0] { writer.signed(value) }
    writer.bits(0b10, 2)
    writer.flag(hasRedundantCount)
    return writer.nalUnit(header: 0x68)
  }

  /// Syntax elements of a slice header.
  public struct Slice: Sendable {
    public var isIDR = false
    /// nal_ref_idc
    public var reference: UInt8 = 3
    public var firstMacroblock = 0
    /// slice_type: 0 P, 1 B, 2 I.
    public var type = 0
    public var ppsID = 0
    public var frameNumber = 0
    public var idrPictureID = 0
    /// pic_order_cnt_lsb, written when not `nil`.
    public var orderCount: Int?
    /// Random slice data behind the header.
    public var dataBytes = 40
    public var seed: UInt64 = 1

    public init() {}

    /// The slice for an SPS with `frameNumberBits` and `orderCountBits`; its data is random, so no decoder takes it.
    public func nalUnit(frameNumberBits: Int = 8, orderCountBits: Int = 8) -> ByteBuffer {
      var writer = BitWriter()
      writer.unsigned(firstMacroblock)
      writer.unsigned(type)
      writer.unsigned(ppsID)
      writer.bits(UInt64(frameNumber), frameNumberBits)
      if isIDR { writer.unsigned(idrPictureID) }
      if let orderCount { writer.bits(UInt64(orderCount), orderCountBits) }
      var generator = SeededGenerator(seed: seed &+ UInt64(frameNumber) &* 131 &+ UInt64(firstMacroblock))
      for byte in generator.bytes(dataBytes) { writer.bits(UInt64(byte), 8) }
      return writer.nalUnit(header: reference << 5 | (isIDR ? 5 : 1))
    }
  }

  /// NAL units behind start codes of three or four bytes.
  public static func annexB(_ units: [ByteBuffer], startCodeBytes: Int = 4) -> ByteBuffer {
    var stream = ByteBuffer()
    for unit in units {
      stream.writeBytes(startCodeBytes == 4 ? [0, 0, 0, 1] : [0, 0, 1])
      stream.writeImmutableBuffer(unit)
    }
    return stream
  }

  /// An SEI NAL unit with one message.
  public static func sei(type: UInt8, payload: [UInt8]) -> ByteBuffer {
    BitWriter.nalUnit(header: 0x06, payload: [type, UInt8(payload.count)] + payload + [0x80])
  }

  /// A recovery point SEI NAL unit.
  public static func recoveryPoint(frames: Int) -> ByteBuffer {
    var writer = BitWriter()
    writer.unsigned(frames)
    writer.flag(true)
    writer.flag(false)
    writer.bits(0, 2)
    writer.flag(true)
    return sei(type: 6, payload: writer.written)
  }

  /// An access unit delimiter.
  public static let delimiter = ByteBuffer(bytes: [0x09, 0xf0])
}
