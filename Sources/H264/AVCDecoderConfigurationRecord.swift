public import CodedMedia
public import NIOCore

/// The decoder configuration of an MP4 sample entry, the content of `avcC` (ISO/IEC 14496-15 §5.3.3.1).
public struct AVCDecoderConfigurationRecord: Hashable, Sendable {
  /// SPS NAL units without start codes, at most 31.
  public var sps: [ByteBuffer]
  /// PPS NAL units without start codes, at most 255.
  public var pps: [ByteBuffer]
  /// 1, 2 or 4: bytes of the length in front of each NAL unit of a sample.
  public var lengthBytes: Int

  public init(sps: [ByteBuffer], pps: [ByteBuffer], lengthBytes: Int = 4) {
    self.sps = sps
    self.pps = pps
    self.lengthBytes = lengthBytes
  }

  public init(_ sets: ParameterSets) { self.init(sps: [sets.sps], pps: sets.pps) }

  /// The bytes of the record. Sets beyond what its counts can say, or longer than 65,535 bytes, are left out.
  /// - Throws: when there is no SPS, or the first one cannot be read.
  public func encoded() throws(H264Error) -> ByteBuffer {
    guard let first = sps.first else { throw .truncated("configuration record") }
    let parsed = try SequenceParameterSet.parse(first)
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(
      UInt8(1), parsed.profileIDC, parsed.constraintFlags, parsed.levelIDC, UInt8(0xfc | (lengthBytes - 1) & 3))
    Self.write(sps, limit: 31, countMask: 0xe0, to: &buffer)
    Self.write(pps, limit: 255, countMask: 0, to: &buffer)
    if [100, 110, 122, 144, 244].contains(parsed.profileIDC) {
      buffer.writeMultipleIntegers(
        UInt8(0xfc | parsed.chromaFormatIDC), UInt8(0xf8 | (parsed.bitDepthLuma - 8)),
        UInt8(0xf8 | (parsed.bitDepthChroma - 8)), UInt8(0))
    }
    return buffer
  }

  private static func write(_ units: [ByteBuffer], limit: Int, countMask: UInt8, to buffer: inout ByteBuffer) {
    let written = units.filter { $0.readableBytes <= 65_535 }.prefix(limit)
    buffer.writeInteger(countMask | UInt8(written.count))
    for unit in written {
      buffer.writeInteger(UInt16(unit.readableBytes))
      buffer.writeImmutableBuffer(unit)
    }
  }

  /// Reads the content of an `avcC` box. What follows the PPS is not needed and not read.
  public static func parse(_ content: ByteBuffer) throws(H264Error) -> AVCDecoderConfigurationRecord {
    var buffer = content
    guard let (version, _, _, _, lengthByte) = buffer.readMultipleIntegers(as: (UInt8, UInt8, UInt8, UInt8, UInt8).self)
    else { throw .truncated("configuration record") }
    guard version == 1 else { throw .unsupportedConfigurationVersion(version) }
    let lengthBytes = Int(lengthByte & 3) + 1
    guard lengthBytes != 3 else { throw .outOfRange(element: "lengthSizeMinusOne", value: 2) }
    let sps = try readUnits(&buffer, countMask: 0x1f)
    let pps = try readUnits(&buffer, countMask: 0xff)
    return AVCDecoderConfigurationRecord(sps: sps, pps: pps, lengthBytes: lengthBytes)
  }

  private static func readUnits(_ buffer: inout ByteBuffer, countMask: UInt8) throws(H264Error) -> [ByteBuffer] {
    guard let count = buffer.readInteger(as: UInt8.self) else { throw .truncated("configuration record") }
    var units: [ByteBuffer] = []
    for _ in 0..<(count & countMask) {
      guard let unit = buffer.readLengthPrefixedSlice(as: UInt16.self) else {
        throw .truncated("configuration record")
      }
      units.append(unit)
    }
    return units
  }
}
