import CFFmpeg
public import MediaModel
public import NIOCore

/// One picture as the encoder coded it.
public struct EncodedPicture: Sendable, Equatable {
  /// A complete access unit, Annex B; key frames carry SPS and PPS.
  public var bytes: ByteBuffer
  /// The time that was given with the picture.
  public var presentationTime: Nanoseconds
  public var isKeyFrame: Bool
}

/// Encodes pictures to H.264 without delay: no B-frames, one access unit out for each picture in.
///
/// Not `Sendable`: encoding takes milliseconds and belongs on a thread of its own.
public final class H264Encoder {
  /// What the encoder aims at.
  public enum Rate: Hashable, Sendable {
    /// The same quality for every picture, x264's CRF: 0 (lossless) to 51; 23 is usual.
    case quality(Double)
    /// A mean bitrate, held within one second.
    case bitsPerSecond(Int)
  }

  /// How much work goes into each picture.
  public enum Preset: String, Sendable { case ultrafast, superfast, veryfast, faster, medium }

  /// How to encode.
  public struct Options: Sendable {
    public var preset = Preset.veryfast
    public var rate = Rate.quality(23)
    /// Pictures from one key frame to the next; key frames come at no other place unless asked for.
    public var keyFrameInterval = 30
    /// Threads to encode with. The output is the same on every machine for 1; more threads cut a picture into slices.
    public var threads = 1
    /// Whether the pictures' colours are those of ITU-R BT.709, which the stream then says; otherwise it says nothing.
    public var isBT709 = false

    public init() {}
  }

  /// The size of the coded pictures.
  public let resolution: Resolution
  private let context: OwnedCodecContext
  private let frame: OwnedFrame
  private let packet: OwnedPacket
  private var isFullRange: Bool
  private var nextIndex: Int64 = 0
  private var pending: [(index: Int64, time: Nanoseconds)] = []

  /// - Parameters:
  ///   - resolution: of the pictures; an odd last column or row is cut off, for 4:2:0 has no half pixels.
  ///   - frameRate: what the stream says about itself, and what rate control counts with.
  ///   - isFullRange: whether the pictures are full range.
  public init(
    resolution: Resolution, frameRate: FrameRate, isFullRange: Bool = false, options: Options = Options()
  ) throws(FFmpegError) {
    Library.start
    guard let codec = avcodec_find_encoder_by_name("libx264") else { throw .codecMissing(name: "libx264") }
    guard resolution.width >= 2, resolution.height >= 2, resolution.width <= 16384, resolution.height <= 16384 else {
      throw .invalidArgument("cannot encode pictures of \(resolution)")
    }
    self.resolution = Resolution(width: resolution.width & ~1, height: resolution.height & ~1)
    self.isFullRange = isFullRange
    context = try OwnedCodecContext(codec)
    frame = try OwnedFrame()
    packet = try OwnedPacket()
    let coder = context.pointer
    coder.pointee.width = Int32(self.resolution.width)
    coder.pointee.height = Int32(self.resolution.height)
    coder.pointee.pix_fmt = AV_PIX_FMT_YUV420P
    coder.pointee.color_range = isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    if options.isBT709 {
      coder.pointee.color_primaries = AVCOL_PRI_BT709
      coder.pointee.color_trc = AVCOL_TRC_BT709
      coder.pointee.colorspace = AVCOL_SPC_BT709
    }
    // Times are counted in frames, so that rate control and the timing in the SPS do not depend on jitter.
    coder.pointee.framerate = frameRate.rational
    coder.pointee.time_base = AVRational(num: frameRate.rational.den, den: frameRate.rational.num)
    coder.pointee.gop_size = Int32(clamping: max(1, options.keyFrameInterval))
    coder.pointee.max_b_frames = 0
    coder.pointee.thread_count = Int32(clamping: options.threads)
    var values = Self.values(options)
    if case .bitsPerSecond(let bits) = options.rate {
      coder.pointee.bit_rate = Int64(bits)
      coder.pointee.rc_max_rate = Int64(bits)
      coder.pointee.rc_buffer_size = Int32(clamping: bits)
    }
    if case .quality(let factor) = options.rate { values["crf"] = "\(factor)" }
    var dictionary = OwnedDictionary(values)
    let status = avcodec_open2(coder, codec, &dictionary.pointer)
    guard status >= 0 else { throw .from(status, .encode, place: "\(resolution)") }
  }

  private static func values(_ options: Options) -> [String: String] {
    [
      "preset": options.preset.rawValue, "tune": "zerolatency", "forced-idr": "1",
      // A late joiner waits for the next key frame, so they come at fixed distances and not at scene cuts.
      "x264-params": "scenecut=0:repeat-headers=1:annexb=1",
    ]
  }

  /// Encodes one picture.
  /// - Parameters:
  ///   - presentationTime: handed back with the access unit.
  ///   - asKeyFrame: whether decoding must be able to start here.
  /// - Throws: `.invalidArgument` for a picture of another size or range than announced.
  public func encode(
    _ picture: Picture, presentationTime: Nanoseconds, asKeyFrame: Bool = false
  ) throws(FFmpegError) -> [EncodedPicture] {
    let size = picture.resolution
    guard size.width & ~1 == resolution.width, size.height & ~1 == resolution.height else {
      throw .invalidArgument("the encoder was made for \(resolution), not for a picture of \(size)")
    }
    guard picture.isFullRange == isFullRange else {
      throw .invalidArgument("the encoder was made for \(isFullRange ? "full" : "video") range pictures")
    }
    try fillFrame(from: picture)
    defer { av_frame_unref(frame.pointer) }
    frame.pointer.pointee.pts = nextIndex
    frame.pointer.pointee.pict_type = asKeyFrame ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
    pending.append((nextIndex, presentationTime))
    nextIndex += 1
    let status = avcodec_send_frame(context.pointer, frame.pointer)
    guard status >= 0 else { throw .from(status, .encode, place: "\(resolution)") }
    return try receive()
  }

  /// Ends the stream; the encoder takes nothing more.
  public func finish() throws(FFmpegError) -> [EncodedPicture] {
    let status = avcodec_send_frame(context.pointer, nil)
    guard status >= 0 || status == ws_averror_eof else { throw .from(status, .encode, place: "\(resolution)") }
    return try receive()
  }

  /// Lends the planes of `picture` to the frame; the reference count keeps the picture as long as the encoder does.
  private func fillFrame(from picture: Picture) throws(FFmpegError) {
    let retained = Unmanaged.passRetained(picture)
    let target = frame.pointer
    target.pointee.format = AV_PIX_FMT_YUV420P.rawValue
    target.pointee.width = Int32(resolution.width)
    target.pointee.height = Int32(resolution.height)
    target.pointee.color_range = isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    picture.withPlanes { luma, cb, cr in
      target.pointee.data.0 = UnsafeMutablePointer(mutating: luma.base)
      target.pointee.data.1 = UnsafeMutablePointer(mutating: cb.base)
      target.pointee.data.2 = UnsafeMutablePointer(mutating: cr.base)
      target.pointee.linesize.0 = Int32(luma.stride)
      target.pointee.linesize.1 = Int32(cb.stride)
      target.pointee.linesize.2 = Int32(cr.stride)
      // Read-only: libx264 copies the pixels, nobody writes to a sealed picture.
      target.pointee.buf.0 = av_buffer_create(
        target.pointee.data.0, luma.stride * (luma.height - 1) + luma.width,
        { opaque, _ in
          guard let opaque else { return }
          Unmanaged<Picture>.fromOpaque(opaque).release()
        }, retained.toOpaque(), AV_BUFFER_FLAG_READONLY)
    }
    guard target.pointee.buf.0 != nil else {
      retained.release()
      throw .outOfMemory
    }
  }

  private func receive() throws(FFmpegError) -> [EncodedPicture] {
    var pictures: [EncodedPicture] = []
    while true {
      av_packet_unref(packet.pointer)
      let status = avcodec_receive_packet(context.pointer, packet.pointer)
      if status == ws_averror_eagain || status == ws_averror_eof { return pictures }
      guard status >= 0 else { throw .from(status, .encode, place: "\(resolution)") }
      let index = packet.pointer.pointee.pts
      guard let place = pending.firstIndex(where: { $0.index == index }) else { continue }
      let time = pending.remove(at: place).time
      pictures.append(
        EncodedPicture(
          bytes: packet.bytes, presentationTime: time,
          isKeyFrame: packet.pointer.pointee.flags & AV_PKT_FLAG_KEY != 0))
    }
  }
}
