import CRelayLoad
import CodedMedia
import FFmpeg
import H264
import MediaModel
import NIOCore
import PhoneProtocol

/// A stream of constant bitrate for load tests: real parameter sets and slices, a stamp in an SEI in front of the
/// slice, and filler NAL units (type 12) up to the size wanted.
public struct BenchmarkStream {
  /// Whole phone packets, one group of pictures of them.
  public let packets: [[UInt8]]
  /// Offset of the stamp in each packet.
  public let stampOffset: Int

  /// - Throws: `FFmpegError` when libx264 is not there.
  public init(bitsPerSecond: Double, framesPerSecond: Double, groupLength: Int) throws {
    let size = Resolution(width: 64, height: 64)
    var options = H264Encoder.Options()
    options.keyFrameInterval = groupLength
    let encoder = try H264Encoder(
      resolution: size, frameRate: FrameRate(Int(framesPerSecond)), options: options)
    var sets: [UInt8] = []
    var packets: [[UInt8]] = []
    var stampOffset = 0
    for index in 0..<groupLength {
      let picture = Self.grey(size)
      let coded = try encoder.encode(picture, presentationTime: .milliseconds(Int64(index) * 33))
      guard let bytes = coded.first?.bytes else { continue }
      var slices: [UInt8] = []
      for range in AnnexB.nalUnitRanges(in: bytes) {
        guard let nal = bytes.getBytes(at: bytes.readerIndex + range.offset, length: range.length) else { continue }
        switch nal[0] & 31 {
        case 1, 5: slices += [0, 0, 0, 1] + nal
        case 7, 8: if index == 0 { sets += [0, 0, 0, 1] + nal }
        default: break
        }
      }
      let stamp: [UInt8] = [0, 0, 0, 1, 6, 5, 48] + Array(repeating: 0x57, count: 16)
      var unit = sets + stamp
      stampOffset = 21 + unit.count
      unit += Array(repeating: 0x40, count: Int(WS_LOAD_STAMP_BYTES)) + [0x80] + slices
      // A key frame is four times as large as the others, as encoders make them.
      let share = index == 0 ? 4.0 : (Double(groupLength) - 4) / Double(groupLength - 1)
      let wanted = Int(bitsPerSecond / 8 / framesPerSecond * share)
      if wanted > unit.count + 6 {
        unit += [0, 0, 0, 1, 12] + Array(repeating: 0xFF, count: wanted - unit.count - 6) + [0x80]
      }
      packets.append(Self.packet(unit, isKeyFrame: index == 0))
    }
    self.packets = packets
    self.stampOffset = stampOffset
  }

  private static func packet(_ unit: [UInt8], isKeyFrame: Bool) -> [UInt8] {
    let packet = PhonePacket(
      type: isKeyFrame ? .keyFrame : .frame, timestampMicros: 0, flags: isKeyFrame ? .keyFrame : [],
      payload: ByteBuffer(bytes: unit))
    return Array(buffer: PhonePacketWriter.message(packet))
  }

  private static func grey(_ size: Resolution) -> Picture {
    let builder = PictureBuilder(resolution: size)
    builder.luma.update(repeating: 128, count: builder.strides.luma * size.height)
    builder.cb.update(repeating: 128, count: builder.strides.chroma * size.height / 2)
    builder.cr.update(repeating: 128, count: builder.strides.chroma * size.height / 2)
    return builder.seal()
  }
}
