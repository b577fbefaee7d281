import CFFmpeg
public import MediaModel
import NIOCore

/// Reads coded pictures from whatever libavformat opens: files, RTSP, RTMP, SRT, MPEG-TS, cameras, standard input.
///
/// Calls block for as long as the deadlines of the options allow, so a demuxer lives on a thread of its own. It is not
/// `Sendable`: create it on the thread that reads. Only the `IOInterrupt` is for other threads.
public final class Demuxer {
  /// How to open a source.
  public struct Options: Sendable {
    /// FFmpeg's name of the format where it cannot be guessed (`h264`, `mpegts`, `lavfi`). Cameras need none.
    public var format: String?
    /// Waits for an encoder to connect (RTMP, RTSP, SRT) instead of connecting.
    public var listens = false
    /// Time for connecting and for finding the stream; `nil` waits for ever. Does not apply while listening.
    public var openTimeout: Nanoseconds? = .seconds(10)
    /// Time that one packet may take; `nil` waits for ever.
    public var readTimeout: Nanoseconds? = .seconds(10)
    /// Frames per second of raw H.264, which has no timestamps; `nil` takes what the stream says, else 25.
    public var rawFrameRate: FrameRate?
    /// Further options by FFmpeg's names; they win over the defaults (`rtsp_transport: tcp`).
    public var values: [String: String] = [:]

    public init() {}
  }

  /// The stream that is read: the best video stream of the source.
  public let video: VideoStreamInfo
  private let location: MediaLocation
  private let options: Options
  private let interrupt: IOInterrupt
  /// Custom I/O of the format context, which must live as long as the context.
  private let input: PolledInput?
  private let format: OwnedInput
  private let streamIndex: Int32
  private let timeBase: AVRational
  private let filter: AnnexBFilter?
  private let packet: OwnedPacket
  private var ready: [DemuxedPacket] = []
  private var rawTimeline: RawTimeline?
  private var lastTime: Nanoseconds?
  private var hasTimestamps = false
  private var isAtEnd = false

  /// Opens a source and finds its video.
  /// - Parameter interrupt: ends any call, this one included, from another thread.
  public init(
    _ location: MediaLocation, options: Options = Options(), interrupt: IOInterrupt = IOInterrupt()
  ) throws(FFmpegError) {
    Library.start
    self.location = location
    self.options = options
    self.interrupt = interrupt
    interrupt.arm(options.listens ? nil : options.openTimeout)
    input = location.isStandardInput ? try PolledInput(descriptor: 0, interrupt: interrupt) : nil
    format = try OwnedInput(location, options: options, interrupt: interrupt, input: input)
    try format.findStreams(location, options, interrupt)
    let place = "\(location)"
    let index = av_find_best_stream(format.pointer, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
    guard index >= 0, let stream = format.pointer.pointee.streams[Int(index)] else { throw .noVideo(place: place) }
    for other in 0..<Int(format.pointer.pointee.nb_streams) where other != Int(index) {
      format.pointer.pointee.streams[other]?.pointee.discard = AVDISCARD_ALL
    }
    streamIndex = index
    timeBase = stream.pointee.time_base
    packet = try OwnedPacket()
    let isH264 = stream.pointee.codecpar.pointee.codec_id == AV_CODEC_ID_H264
    filter = isH264 ? try AnnexBFilter(stream.pointee.codecpar, timeBase: timeBase, place: place) : nil
    let parameters = try CodecParameters(copying: filter?.parameters ?? UnsafePointer(stream.pointee.codecpar))
    video = Self.describe(format.pointer, stream, parameters, options)
    guard video.resolution.width > 0, video.resolution.height > 0 else { throw .noVideo(place: place) }
  }

  private static func describe(
    _ context: UnsafeMutablePointer<AVFormatContext>, _ stream: UnsafeMutablePointer<AVStream>,
    _ parameters: CodecParameters, _ options: Options
  ) -> VideoStreamInfo {
    let coded = parameters.pointer.pointee
    let base = stream.pointee.time_base
    let length = context.pointee.duration
    // The average of a raw stream is computed from rounded durations; what the stream says itself is exact.
    let rates = [stream.pointee.avg_frame_rate, stream.pointee.r_frame_rate].compactMap(FrameRate.init)
    let isRaw = stream.pointee.start_time == ws_no_pts
    return VideoStreamInfo(
      codec: coded.codec_id == AV_CODEC_ID_H264 ? .h264 : .other(String(cString: avcodec_get_name(coded.codec_id))),
      resolution: Resolution(width: Int(coded.width), height: Int(coded.height)),
      frameRate: isRaw ? options.rawFrameRate ?? rates.last : rates.first,
      timeBase: (Int(base.num), Int(base.den)), reorderDepth: max(0, Int(coded.video_delay)),
      duration: length == ws_no_pts || length <= 0 ? nil : Nanoseconds(length &* 1000),
      extradata: parameters.extradata, format: String(cString: context.pointee.iformat.pointee.name),
      parameters: parameters)
  }

  /// The next coded picture, in decoding order.
  /// - Returns: `nil` at the end of the source.
  /// - Throws: when the source fails, is silent for longer than `readTimeout`, or is cancelled.
  public func next() throws(FFmpegError) -> DemuxedPacket? {
    while ready.isEmpty && !isAtEnd { try readMore() }
    return ready.isEmpty ? nil : ready.removeFirst()
  }

  private func readMore() throws(FFmpegError) {
    interrupt.arm(options.readTimeout)
    if interrupt.isCancelled { throw .cancelled(.read, place: "\(location)") }
    av_packet_unref(packet.pointer)
    let status = av_read_frame(format.pointer, packet.pointer)
    if status == ws_averror_eof && !interrupt.mustStop { return try finish() }
    guard status >= 0 else { throw interrupt.error(status, .read, place: "\(location)") }
    guard packet.pointer.pointee.stream_index == streamIndex, packet.pointer.pointee.size > 0 else { return }
    guard let filter else { return try accept() }
    try filter.send(packet, place: "\(location)")
    while try filter.receive(packet, place: "\(location)") { try accept() }
  }

  private func finish() throws(FFmpegError) {
    isAtEnd = true
    if let rawTimeline { ready += rawTimeline.finish() }
  }

  /// Takes what is in `packet`.
  private func accept() throws(FFmpegError) {
    let coded = packet.pointer.pointee
    let isKeyFrame = coded.flags & AV_PKT_FLAG_KEY != 0
    let shown = TimeBase.nanoseconds(coded.pts, in: timeBase)
    let decoded = TimeBase.nanoseconds(coded.dts, in: timeBase)
    guard hasTimestamps || shown != nil || decoded != nil else {
      // Raw streams have no time on any packet.
      let rate = video.frameRate ?? FrameRate(25)
      if rawTimeline == nil { rawTimeline = try RawTimeline(rate: rate, reorderDepth: video.reorderDepth) }
      ready += rawTimeline?.append(packet.bytes, isKeyFrame: isKeyFrame) ?? []
      return
    }
    hasTimestamps = true
    let step = video.frameRate?.time(ofFrame: 1) ?? .zero
    let time = (shown ?? decoded).map(Nanoseconds.init) ?? Nanoseconds((lastTime?.value ?? 0) + step.value)
    lastTime = time
    ready.append(
      DemuxedPacket(
        bytes: packet.bytes, presentationTime: time, decodeTime: decoded.map(Nanoseconds.init) ?? time,
        isKeyFrame: isKeyFrame))
  }
}

/// An opened input of libavformat.
struct OwnedInput: ~Copyable {
  let pointer: UnsafeMutablePointer<AVFormatContext>
  /// An option that neither the protocol nor the format took.
  private let unknownOption: String?

  init(
    _ location: MediaLocation, options: Demuxer.Options, interrupt: IOInterrupt, input: PolledInput?
  ) throws(FFmpegError) {
    let place = "\(location)"
    var context = avformat_alloc_context()
    guard let allocated = context else { throw .outOfMemory }
    allocated.pointee.interrupt_callback = interrupt.callback
    if let input {
      allocated.pointee.pb = input.context
      allocated.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
    }
    let isCamera = location.text.hasPrefix("/dev/video")
    let formatName = options.format ?? (isCamera ? "video4linux2" : nil)
    let inputFormat = formatName.flatMap { av_find_input_format($0) }
    if let formatName, inputFormat == nil {
      avformat_free_context(context)
      throw .codecMissing(name: formatName)
    }
    var dictionary = OwnedDictionary(Self.values(for: location, options))
    // On failure the library frees the context.
    let opened = avformat_open_input(&context, Self.url(location, options), inputFormat, &dictionary.pointer)
    guard opened >= 0, let context else { throw interrupt.error(opened, .open, place: place) }
    pointer = context
    unknownOption = dictionary.firstUnknownKey
  }

  /// Reads until the streams are known.
  func findStreams(_ location: MediaLocation, _ options: Demuxer.Options, _ interrupt: IOInterrupt) throws(FFmpegError)
  {
    if let unknownOption, options.values[unknownOption] != nil {
      let format = String(cString: pointer.pointee.iformat.pointee.name)
      throw .invalidArgument("FFmpeg's \(format) has no option '\(unknownOption)'")
    }
    let status = avformat_find_stream_info(pointer, nil)
    guard status >= 0, !interrupt.mustStop else { throw interrupt.error(status, .probe, place: "\(location)") }
  }

  deinit {
    var context: UnsafeMutablePointer<AVFormatContext>? = pointer
    avformat_close_input(&context)
  }

  /// What libavformat is asked to open. A path with a colon would look like a protocol.
  private static func url(_ location: MediaLocation, _ options: Demuxer.Options) -> String? {
    if location.isStandardInput { return nil }
    return location.isPath && options.format != "lavfi" && !location.isLive ? "file:" + location.text : location.text
  }

  private static func values(for location: MediaLocation, _ options: Demuxer.Options) -> [String: String] {
    var values: [String: String] = [:]
    if location.isLive {
      // Enough to see a key frame's parameter sets; the default of 5 s would delay every start.
      values["analyzeduration"] = "1000000"
      values["fpsprobesize"] = "4"
    }
    switch location.scheme {
    case "rtsp", "rtsps":
      values["rtsp_transport"] = "tcp"
      if options.listens { values["rtsp_flags"] = "listen" }
    case "rtmp", "rtmps", "tcp", "http", "https":
      if options.listens { values["listen"] = "1" }
    case "srt":
      if options.listens { values["mode"] = "listener" }
    default: break
    }
    if let rate = options.rawFrameRate, options.format == "h264" || location.text.hasSuffix(".h264") {
      values["framerate"] = "\(rate)"
    }
    return values.merging(options.values) { _, given in given }
  }
}

/// Turns H.264 of MP4, Matroska and FLV, whose NAL units have length prefixes, into Annex B. Annex B passes unchanged.
final class AnnexBFilter {
  private let pointer: UnsafeMutablePointer<AVBSFContext>

  init(
    _ parameters: UnsafePointer<AVCodecParameters>, timeBase: AVRational, place: String
  ) throws(FFmpegError) {
    guard let description = av_bsf_get_by_name("h264_mp4toannexb") else {
      throw .codecMissing(name: "h264_mp4toannexb")
    }
    var context: UnsafeMutablePointer<AVBSFContext>?
    guard av_bsf_alloc(description, &context) >= 0, let context else { throw .outOfMemory }
    pointer = context
    guard avcodec_parameters_copy(context.pointee.par_in, parameters) >= 0 else { throw .outOfMemory }
    context.pointee.time_base_in = timeBase
    let status = av_bsf_init(context)
    guard status >= 0 else { throw .from(status, .filter, place: place) }
  }

  deinit {
    var context: UnsafeMutablePointer<AVBSFContext>? = pointer
    av_bsf_free(&context)
  }

  /// The parameters of what comes out.
  var parameters: UnsafePointer<AVCodecParameters> { UnsafePointer(pointer.pointee.par_out) }

  /// Takes the content of `packet`.
  func send(_ packet: borrowing OwnedPacket, place: String) throws(FFmpegError) {
    let status = av_bsf_send_packet(pointer, packet.pointer)
    guard status >= 0 else { throw .from(status, .filter, place: place) }
  }

  /// Puts the next packet into `packet`.
  /// - Returns: `false` when there is none before more is sent.
  func receive(_ packet: borrowing OwnedPacket, place: String) throws(FFmpegError) -> Bool {
    av_packet_unref(packet.pointer)
    let status = av_bsf_receive_packet(pointer, packet.pointer)
    if status == ws_averror_eagain || status == ws_averror_eof { return false }
    guard status >= 0 else { throw .from(status, .filter, place: place) }
    return true
  }
}
