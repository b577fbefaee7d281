import CFFmpeg
import NIOCore

// The one owner of each kind of C object. What they hold is freed once, in `deinit`, and their pointers do not outlive
// them: they are handed to library calls only.

/// A coded packet.
struct OwnedPacket: ~Copyable {
  let pointer: UnsafeMutablePointer<AVPacket>

  init() throws(FFmpegError) {
    guard let packet = av_packet_alloc() else { throw .outOfMemory }
    pointer = packet
  }

  deinit {
    var packet: UnsafeMutablePointer<AVPacket>? = pointer
    av_packet_free(&packet)
  }

  /// Replaces the content by a copy of `bytes`, with the padding that the library's parsers read past the end.
  func fill(_ bytes: ByteBuffer) throws(FFmpegError) {
    av_packet_unref(pointer)
    guard let size = Int32(exactly: bytes.readableBytes), av_new_packet(pointer, size) >= 0 else {
      throw .outOfMemory
    }
    bytes.withUnsafeReadableBytes { source in
      UnsafeMutableRawBufferPointer(start: pointer.pointee.data, count: source.count).copyMemory(from: source)
    }
  }

  /// A copy of the content.
  var bytes: ByteBuffer {
    guard let data = pointer.pointee.data, pointer.pointee.size > 0 else { return ByteBuffer() }
    return ByteBuffer(bytes: UnsafeRawBufferPointer(start: data, count: Int(pointer.pointee.size)))
  }
}

/// A decoded frame.
struct OwnedFrame: ~Copyable {
  let pointer: UnsafeMutablePointer<AVFrame>

  init() throws(FFmpegError) {
    guard let frame = av_frame_alloc() else { throw .outOfMemory }
    pointer = frame
  }

  deinit {
    var frame: UnsafeMutablePointer<AVFrame>? = pointer
    av_frame_free(&frame)
  }
}

/// A decoder or an encoder.
struct OwnedCodecContext: ~Copyable {
  let pointer: UnsafeMutablePointer<AVCodecContext>

  init(_ codec: UnsafePointer<AVCodec>) throws(FFmpegError) {
    guard let context = avcodec_alloc_context3(codec) else { throw .outOfMemory }
    pointer = context
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = pointer
    avcodec_free_context(&context)
  }
}

/// Options by name.
struct OwnedDictionary: ~Copyable {
  var pointer: OpaquePointer?

  init(_ values: [String: String]) {
    for (key, value) in values { av_dict_set(&pointer, key, value, 0) }
  }

  deinit {
    var dictionary = pointer
    av_dict_free(&dictionary)
  }

  /// The first option that is still in the dictionary: the library takes out those that it knows.
  var firstUnknownKey: String? {
    guard let entry = av_dict_get(pointer, "", nil, AV_DICT_IGNORE_SUFFIX) else { return nil }
    return String(cString: entry.pointee.key)
  }
}

/// The parameters of a coded stream.
// Safe because the parameters are written in `init` only; afterwards everybody reads.
final class CodecParameters: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<AVCodecParameters>

  init(copying source: UnsafePointer<AVCodecParameters>) throws(FFmpegError) {
    guard let parameters = avcodec_parameters_alloc() else { throw .outOfMemory }
    pointer = parameters
    guard avcodec_parameters_copy(parameters, source) >= 0 else { throw .outOfMemory }
  }

  deinit {
    var parameters: UnsafeMutablePointer<AVCodecParameters>? = pointer
    avcodec_parameters_free(&parameters)
  }

  /// The codec's headers: for H.264 in Annex B form, SPS and PPS.
  var extradata: ByteBuffer {
    guard let data = pointer.pointee.extradata, pointer.pointee.extradata_size > 0 else { return ByteBuffer() }
    return ByteBuffer(bytes: UnsafeRawBufferPointer(start: data, count: Int(pointer.pointee.extradata_size)))
  }
}

/// Units of time.
enum TimeBase {
  static let nanoseconds = AVRational(num: 1, den: 1_000_000_000)

  /// `value` in units of `base` as nanoseconds; `nil` where the library has no value.
  static func nanoseconds(_ value: Int64, in base: AVRational) -> Int64? {
    value == ws_no_pts ? nil : av_rescale_q(value, base, nanoseconds)
  }
}
