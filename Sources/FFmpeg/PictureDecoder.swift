import CFFmpeg
public import MediaModel
public import NIOCore

/// A decoded picture and what came with its coded form.
public struct DecodedPicture: Sendable {
  public let picture: Picture
  /// The time that was given with the coded picture.
  public let presentationTime: Nanoseconds
  /// Whether decoding could start at this picture.
  public let isKeyFrame: Bool
  /// Whether parts of it were concealed because coded data was missing or broken.
  public let isDamaged: Bool
}

/// How a decoder trades delay for speed.
public struct DecoderOptions: Sendable {
  /// Threads to decode with; 0 takes one per core.
  public var threads = 1
  /// Several threads work on the slices of one picture (no delay) rather than on several pictures (a delay of one
  /// picture for each thread). Does not change the result.
  public var isLowDelay = true
  /// By how many pictures decoding runs ahead of output, where the caller knows it from the container. A stream with
  /// B-frames that does not say it itself would lose pictures at its start without this.
  public var reorderDepth = 0
  /// The size that the container states. Some cameras pad their pictures to whole macroblocks and say only there how
  /// much of them to show; a size that does not fit the stream is ignored.
  public var statedResolution: Resolution?

  public init() {}

  /// The options for a stream that is read from a container.
  public init(for video: VideoStreamInfo) {
    reorderDepth = video.reorderDepth
    statedResolution = video.resolution
  }
}

/// Decodes H.264 access units, in Annex B form, to pictures in display order.
///
/// Errors concern one access unit: the decoder goes on with the next. Resolution may change at any key frame. Not
/// `Sendable`: decoding takes milliseconds and belongs on a thread of its own.
public final class H264Decoder {
  private let core: DecoderCore

  /// - Throws: when FFmpeg on this machine has no H.264 decoder.
  public init(options: DecoderOptions = DecoderOptions()) throws(FFmpegError) {
    Library.start
    guard let codec = avcodec_find_decoder(AV_CODEC_ID_H264) else { throw .codecMissing(name: "h264") }
    core = try DecoderCore(codec, parameters: nil, options: options)
  }

  /// Decodes one access unit.
  /// - Parameters:
  ///   - unit: Annex B; parameter sets come in it or in an earlier one.
  ///   - presentationTime: handed back with the picture, whatever its clock.
  /// - Returns: the pictures that are due now: usually one, none while B-frames are put in order.
  public func decode(_ unit: ByteBuffer, presentationTime: Nanoseconds) throws(FFmpegError) -> [DecodedPicture] {
    try core.decode(unit, presentationTime: presentationTime)
  }

  /// Ends the sequence: yields the pictures that were held back. The decoder can then start anew at a key frame.
  public func flush() throws(FFmpegError) -> [DecodedPicture] { try core.flush() }
}

/// Decodes whatever a demuxer reads, for re-encoding.
public final class VideoDecoder {
  private let core: DecoderCore

  /// - Throws: when FFmpeg on this machine cannot decode the stream.
  public init(_ video: VideoStreamInfo, options: DecoderOptions = DecoderOptions()) throws(FFmpegError) {
    let parameters = video.parameters.pointer
    guard let codec = avcodec_find_decoder(parameters.pointee.codec_id) else {
      throw .codecMissing(name: "\(video.codec)")
    }
    core = try DecoderCore(codec, parameters: parameters, options: options)
  }

  /// Decodes one packet; the pictures that are due come in display order.
  public func decode(_ packet: DemuxedPacket) throws(FFmpegError) -> [DecodedPicture] {
    try core.decode(packet.bytes, presentationTime: packet.presentationTime)
  }

  /// The pictures that were held back, at the end of the stream.
  public func flush() throws(FFmpegError) -> [DecodedPicture] { try core.flush() }
}

/// What all decoders share.
final class DecoderCore {
  private let context: OwnedCodecContext
  private let packet: OwnedPacket
  private let frame: OwnedFrame
  private var converter = PictureConverter()
  private let name: String

  init(
    _ codec: UnsafePointer<AVCodec>, parameters: UnsafePointer<AVCodecParameters>?, options: DecoderOptions
  ) throws(FFmpegError) {
    context = try OwnedCodecContext(codec)
    packet = try OwnedPacket()
    frame = try OwnedFrame()
    name = String(cString: codec.pointee.name)
    if let parameters {
      let status = avcodec_parameters_to_context(context.pointer, parameters)
      guard status >= 0 else { throw .from(status, .decode, place: name) }
    }
    context.pointer.pointee.pkt_timebase = TimeBase.nanoseconds
    context.pointer.pointee.thread_count = Int32(clamping: options.threads)
    context.pointer.pointee.thread_type = options.isLowDelay ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE
    if options.reorderDepth > 0 { context.pointer.pointee.has_b_frames = Int32(clamping: options.reorderDepth) }
    if let stated = options.statedResolution {
      context.pointer.pointee.width = Int32(clamping: stated.width)
      context.pointer.pointee.height = Int32(clamping: stated.height)
    }
    let status = avcodec_open2(context.pointer, codec, nil)
    guard status >= 0 else { throw .from(status, .decode, place: name) }
  }

  func decode(_ unit: ByteBuffer, presentationTime: Nanoseconds) throws(FFmpegError) -> [DecodedPicture] {
    guard unit.readableBytes > 0 else { throw .invalidArgument("an access unit has at least one byte") }
    try packet.fill(unit)
    packet.pointer.pointee.pts = presentationTime.value
    let status = avcodec_send_packet(context.pointer, packet.pointer)
    guard status >= 0 else { throw .from(status, .decode, place: name) }
    return try receive()
  }

  func flush() throws(FFmpegError) -> [DecodedPicture] {
    let status = avcodec_send_packet(context.pointer, nil)
    guard status >= 0 || status == ws_averror_eof else { throw .from(status, .decode, place: name) }
    defer { avcodec_flush_buffers(context.pointer) }
    return try receive()
  }

  /// Every picture that is ready. Draining after each packet is why `avcodec_send_packet` never has to wait.
  private func receive() throws(FFmpegError) -> [DecodedPicture] {
    var pictures: [DecodedPicture] = []
    while true {
      let status = avcodec_receive_frame(context.pointer, frame.pointer)
      if status == ws_averror_eagain || status == ws_averror_eof { return pictures }
      guard status >= 0 else { throw .from(status, .decode, place: name) }
      defer { av_frame_unref(frame.pointer) }
      let decoded = frame.pointer.pointee
      let time = decoded.pts == ws_no_pts ? decoded.best_effort_timestamp : decoded.pts
      pictures.append(
        DecodedPicture(
          picture: try converter.picture(from: frame.pointer), presentationTime: Nanoseconds(time),
          isKeyFrame: decoded.key_frame != 0,
          isDamaged: decoded.decode_error_flags != 0 || decoded.flags & AV_FRAME_FLAG_CORRUPT != 0))
    }
  }
}
