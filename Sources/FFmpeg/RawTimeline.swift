import CFFmpeg
import MediaModel
import NIOCore

/// Gives times to the packets of a raw H.264 stream, which has none: frame `n` is shown at `n / rate`.
///
/// Where there are B-frames the order of display comes from the picture order counts that FFmpeg's parser reads.
final class RawTimeline {
  private let rate: FrameRate
  private let depth: Int
  private var order: DisplayOrder
  private var decodeIndex: Int64 = 0
  private var waiting: [DemuxedPacket] = []
  private let parser: UnsafeMutablePointer<AVCodecParserContext>
  private let context: OwnedCodecContext

  init(rate: FrameRate, reorderDepth: Int) throws(FFmpegError) {
    guard let codec = avcodec_find_decoder(AV_CODEC_ID_H264) else { throw .codecMissing(name: "h264") }
    self.rate = rate
    depth = reorderDepth
    order = DisplayOrder(depth: reorderDepth)
    context = try OwnedCodecContext(codec)
    guard let parser = av_parser_init(Int32(bitPattern: AV_CODEC_ID_H264.rawValue)) else { throw .outOfMemory }
    parser.pointee.flags |= PARSER_FLAG_COMPLETE_FRAMES
    self.parser = parser
  }

  deinit { av_parser_close(parser) }

  /// Takes the next picture in decoding order.
  /// - Returns: the earliest pictures, in decoding order, whose times are known now.
  func append(_ bytes: ByteBuffer, isKeyFrame: Bool) -> [DemuxedPacket] {
    let picture = depth > 0 ? parse(bytes) : (order: 0, startsGroup: true)
    waiting.append(
      DemuxedPacket(
        bytes: bytes, presentationTime: .zero, decodeTime: rate.time(ofFrame: decodeIndex - Int64(depth)),
        isKeyFrame: isKeyFrame))
    decodeIndex += 1
    return take(order.append(order: picture.order, startsGroup: picture.startsGroup))
  }

  /// The pictures that still wait, at the end of the stream.
  func finish() -> [DemuxedPacket] { take(order.finish()) }

  private func take(_ displayIndexes: [Int64]) -> [DemuxedPacket] {
    let timed = zip(waiting, displayIndexes).map { packet, index in
      var packet = packet
      packet.presentationTime = rate.time(ofFrame: index)
      return packet
    }
    waiting.removeFirst(timed.count)
    return timed
  }

  /// Picture order count, and whether the picture is an IDR picture, where the count starts again.
  private func parse(_ bytes: ByteBuffer) -> (order: Int, startsGroup: Bool) {
    guard let packet = try? OwnedPacket(), (try? packet.fill(bytes)) != nil else { return (0, true) }
    var output: UnsafeMutablePointer<UInt8>?
    var outputSize: Int32 = 0
    av_parser_parse2(
      parser, context.pointer, &output, &outputSize, packet.pointer.pointee.data, packet.pointer.pointee.size,
      ws_no_pts, ws_no_pts, 0)
    return (Int(parser.pointee.output_picture_number), parser.pointee.key_frame == 1)
  }
}
