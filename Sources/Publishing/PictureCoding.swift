import CodedMedia
import FFmpeg
import H264
import MediaModel
import NIOCore

/// Makes pictures with capture times from packets: H.264 is copied, everything else is encoded again.
final class PictureCoding {
  private let place: String
  private let frameRate: FrameRate
  private let encoderOptions: H264Encoder.Options
  private var assembler = AccessUnitAssembler()
  private var transcoder: Transcoder?

  /// - Parameter extradata: SPS and PPS that the source may send nowhere else.
  init(_ video: VideoStreamInfo, encoder: H264Encoder.Options, place: String) throws(FFmpegError) {
    self.place = place
    frameRate = video.frameRate ?? FrameRate(30)
    encoderOptions = encoder
    assembler.isAligned = true
    if video.codec == .h264 {
      _ = assembler.parameterSets(video.extradata)
    } else {
      transcoder = Transcoder(decoder: try VideoDecoder(video, options: DecoderOptions(for: video)))
    }
  }

  /// The time from one picture to the next.
  var frameDuration: Nanoseconds { frameRate.time(ofFrame: 1) }

  /// What is to be sent for a packet, with times of the source. No picture comes of what is no picture.
  func units(of packet: DemuxedPacket) throws(FFmpegError) -> [TimedUnit] {
    guard let transcoder else {
      return [
        TimedUnit(bytes: packet.bytes, decodeTime: packet.decodeTime, presentationTime: packet.presentationTime)
      ]
    }
    return try transcoder.encode(try transcoder.decoder.decode(packet), frameRate, encoderOptions)
  }

  /// What is left at the end of the source.
  func finish() throws(FFmpegError) -> [TimedUnit] {
    guard let transcoder else { return [] }
    return try transcoder.encode(try transcoder.decoder.flush(), frameRate, encoderOptions)
  }

  /// The picture for a unit, with parameter sets and capture time.
  /// - Returns: `nil`, with a reason, for what is no decodable picture.
  func picture(_ unit: TimedUnit, captureMicros: Int64, at now: HostTime) -> (picture: CodedPicture?, reject: String?) {
    let effects = assembler.frame(unit.bytes, senderMicros: captureMicros, now: now)
    return (effects.pictures.first, effects.rejects.first?.description)
  }
}

/// An access unit with times on the source's clock.
struct TimedUnit {
  var bytes: ByteBuffer
  var decodeTime: Nanoseconds
  var presentationTime: Nanoseconds
}

/// Decodes and encodes again.
private final class Transcoder {
  let decoder: VideoDecoder
  private var encoder: H264Encoder?
  private var source: (resolution: Resolution, isFullRange: Bool)?

  init(decoder: VideoDecoder) { self.decoder = decoder }

  func encode(
    _ pictures: [DecodedPicture], _ rate: FrameRate, _ options: H264Encoder.Options
  ) throws(FFmpegError) -> [TimedUnit] {
    var units: [TimedUnit] = []
    for decoded in pictures {
      let encoder = try encoder(for: decoded.picture, rate, options)
      for coded in try encoder.encode(decoded.picture, presentationTime: decoded.presentationTime) {
        units.append(
          TimedUnit(bytes: coded.bytes, decodeTime: coded.presentationTime, presentationTime: coded.presentationTime))
      }
    }
    return units
  }

  private func encoder(
    for picture: Picture, _ rate: FrameRate, _ options: H264Encoder.Options
  ) throws(FFmpegError) -> H264Encoder {
    if let encoder, let source, source == (picture.resolution, picture.isFullRange) { return encoder }
    let fresh = try H264Encoder(
      resolution: picture.resolution, frameRate: rate, isFullRange: picture.isFullRange, options: options)
    encoder = fresh
    source = (picture.resolution, picture.isFullRange)
    return fresh
  }
}
