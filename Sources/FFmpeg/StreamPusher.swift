import CFFmpeg
public import CodedMedia
public import MediaModel
public import NIOCore

/// Sends H.264 access units to an RTSP server by TCP, to an RTMP server or into a file, without re-encoding.
///
/// Calls block for as long as the deadlines allow, so a pusher lives on a thread of its own; it is not `Sendable`.
public final class StreamPusher {
  /// How to send.
  public struct Options: Sendable {
    /// FFmpeg's name of the output format; `nil` guesses from the location (`rtsp`, `flv` for RTMP, file extension).
    public var format: String?
    /// Time for connecting; `nil` waits for ever.
    public var openTimeout: Nanoseconds? = .seconds(10)
    /// Time for handing over one access unit; `nil` waits for ever.
    public var writeTimeout: Nanoseconds? = .seconds(5)
    public var frameRate: FrameRate?
    /// Further options by FFmpeg's names.
    public var values: [String: String] = [:]

    public init() {}
  }

  private let place: String
  private let options: Options
  private let interrupt: IOInterrupt
  private let output: OwnedOutput
  private let packet: OwnedPacket
  private let timeBase: AVRational
  private var lastDecodeTicks = Int64.min
  private var isFinished = false

  /// Connects, or opens the file, and announces the stream.
  /// - Parameters:
  ///   - parameterSets: of the stream; a new pusher is needed when they change.
  ///   - interrupt: ends any call, this one included, from another thread.
  public init(
    to location: MediaLocation, parameterSets: ParameterSets, options: Options = Options(),
    interrupt: IOInterrupt = IOInterrupt()
  ) throws(FFmpegError) {
    Library.start
    place = "\(location)"
    self.options = options
    self.interrupt = interrupt
    interrupt.arm(options.openTimeout)
    packet = try OwnedPacket()
    output = try OwnedOutput(location, options: options, interrupt: interrupt)
    guard let stream = avformat_new_stream(output.pointer, nil) else { throw .outOfMemory }
    try Self.describe(stream.pointee.codecpar, parameterSets)
    stream.pointee.time_base = AVRational(num: 1, den: 90_000)
    if let rate = options.frameRate {
      stream.pointee.avg_frame_rate = rate.rational
      stream.pointee.r_frame_rate = rate.rational
    }
    try output.start(options: options, location: location, interrupt: interrupt)
    // The format chooses its own unit of time when the header is written.
    timeBase = stream.pointee.time_base
  }

  deinit {
    // Ending properly tells the server at once; when the connection is broken there is nobody to tell.
    if !isFinished { try? finish() }
  }

  private static func describe(
    _ parameters: UnsafeMutablePointer<AVCodecParameters>, _ sets: ParameterSets
  ) throws(FFmpegError) {
    let extradata = sets.annexB
    let padded = extradata.readableBytes + Int(AV_INPUT_BUFFER_PADDING_SIZE)
    guard let memory = av_mallocz(padded) else { throw .outOfMemory }
    extradata.withUnsafeReadableBytes {
      UnsafeMutableRawBufferPointer(start: memory, count: padded).copyMemory(from: $0)
    }
    parameters.pointee.codec_type = AVMEDIA_TYPE_VIDEO
    parameters.pointee.codec_id = AV_CODEC_ID_H264
    parameters.pointee.width = Int32(clamping: sets.resolution.width)
    parameters.pointee.height = Int32(clamping: sets.resolution.height)
    parameters.pointee.video_delay = Int32(clamping: sets.reorderDepth)
    parameters.pointee.format = AV_PIX_FMT_YUV420P.rawValue
    parameters.pointee.extradata = memory.assumingMemoryBound(to: UInt8.self)
    parameters.pointee.extradata_size = Int32(extradata.readableBytes)
  }

  /// Sends one access unit, in decoding order.
  /// - Parameters:
  ///   - bytes: Annex B.
  ///   - decodeTime: rises from unit to unit; where it does not, it is moved just past the one before.
  /// - Throws: when the other side is gone or silent; the pusher is then of no more use.
  public func send(
    _ bytes: ByteBuffer, presentationTime: Nanoseconds, decodeTime: Nanoseconds, isKeyFrame: Bool
  ) throws(FFmpegError) {
    try packet.fill(bytes)
    let decodeTicks = max(ticks(decodeTime), lastDecodeTicks == .min ? .min : lastDecodeTicks + 1)
    packet.pointer.pointee.dts = decodeTicks
    packet.pointer.pointee.pts = max(ticks(presentationTime), decodeTicks)
    packet.pointer.pointee.flags = isKeyFrame ? AV_PKT_FLAG_KEY : 0
    packet.pointer.pointee.stream_index = 0
    interrupt.arm(options.writeTimeout)
    if interrupt.isCancelled { throw .cancelled(.write, place: place) }
    let status = av_write_frame(output.pointer, packet.pointer)
    lastDecodeTicks = decodeTicks
    guard status >= 0 else { throw interrupt.error(status, .write, place: place) }
  }

  /// Ends the stream: says goodbye to the server, completes the file.
  public func finish() throws(FFmpegError) {
    guard !isFinished else { return }
    isFinished = true
    interrupt.arm(options.writeTimeout)
    let status = av_write_trailer(output.pointer)
    guard status >= 0 else { throw interrupt.error(status, .finish, place: place) }
  }

  private func ticks(_ time: Nanoseconds) -> Int64 { av_rescale_q(time.value, TimeBase.nanoseconds, timeBase) }
}

/// An output of libavformat.
struct OwnedOutput: ~Copyable {
  let pointer: UnsafeMutablePointer<AVFormatContext>

  init(
    _ location: MediaLocation, options: StreamPusher.Options, interrupt: IOInterrupt
  ) throws(FFmpegError) {
    let guessed: String? =
      switch location.scheme {
      case "rtsp", "rtsps": "rtsp"
      case "rtmp", "rtmps": "flv"
      case "srt", "udp": "mpegts"
      default: nil
      }
    var context: UnsafeMutablePointer<AVFormatContext>?
    let status = avformat_alloc_output_context2(&context, nil, options.format ?? guessed, location.text)
    guard status >= 0, let context else { throw .from(status, .open, place: "\(location)") }
    pointer = context
    context.pointee.interrupt_callback = interrupt.callback
    // Every access unit leaves at once.
    context.pointee.flags |= AVFMT_FLAG_FLUSH_PACKETS
  }

  deinit {
    if !managesOwnIO { avio_closep(&pointer.pointee.pb) }
    avformat_free_context(pointer)
  }

  /// Formats such as RTSP open their own connections.
  private var managesOwnIO: Bool { pointer.pointee.oformat.pointee.flags & AVFMT_NOFILE != 0 }

  /// Opens the connection or file and writes the header.
  func start(
    options: StreamPusher.Options, location: MediaLocation, interrupt: IOInterrupt
  ) throws(FFmpegError) {
    var values = options.values
    if location.scheme == "rtsp" || location.scheme == "rtsps" {
      values["rtsp_transport"] = values["rtsp_transport"] ?? "tcp"
    }
    var dictionary = OwnedDictionary(values)
    if !managesOwnIO {
      var callback = interrupt.callback
      let url = location.isPath ? "file:" + location.text : location.text
      let opened = avio_open2(&pointer.pointee.pb, url, AVIO_FLAG_WRITE, &callback, &dictionary.pointer)
      guard opened >= 0 else { throw interrupt.error(opened, .open, place: "\(location)") }
    }
    let status = avformat_write_header(pointer, &dictionary.pointer)
    guard status >= 0 else { throw interrupt.error(status, .writeHeader, place: "\(location)") }
  }
}
