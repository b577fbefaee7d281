import CFFmpeg
import MediaModel

extension Picture {
  /// The pixels of a decoded frame, not copied: the picture keeps a reference to the decoder's memory.
  ///
  /// - Parameter frame: 8-bit planar 4:2:0, which the decoder does not write to any more.
  static func wrapping(_ frame: UnsafeMutablePointer<AVFrame>) throws(FFmpegError) -> Picture {
    guard let shared = av_frame_clone(frame) else { throw .outOfMemory }
    let planes = shared.pointee
    guard let luma = planes.data.0, let cb = planes.data.1, let cr = planes.data.2 else {
      var unusable: UnsafeMutablePointer<AVFrame>? = shared
      av_frame_free(&unusable)
      throw .invalidArgument("the decoder yielded a frame without planes")
    }
    return Picture(
      resolution: Resolution(width: Int(planes.width), height: Int(planes.height)),
      isFullRange: planes.format == AV_PIX_FMT_YUVJ420P.rawValue || planes.color_range == AVCOL_RANGE_JPEG,
      bases: (UnsafePointer(luma), UnsafePointer(cb), UnsafePointer(cr)),
      strides: (Int(planes.linesize.0), Int(planes.linesize.1), Int(planes.linesize.2)),
      release: {
        var frame: UnsafeMutablePointer<AVFrame>? = shared
        av_frame_free(&frame)
      })
  }
}

/// Converts frames of any pixel format to 8-bit planar 4:2:0.
struct PictureConverter: ~Copyable {
  private var scaler: OpaquePointer?

  init() {}

  deinit { sws_freeContext(scaler) }

  /// The pixels of `frame`: shared where the format is right, converted where it is not.
  mutating func picture(from frame: UnsafeMutablePointer<AVFrame>) throws(FFmpegError) -> Picture {
    let source = frame.pointee
    if source.format == AV_PIX_FMT_YUV420P.rawValue || source.format == AV_PIX_FMT_YUVJ420P.rawValue {
      return try Picture.wrapping(frame)
    }
    let place = "a \(source.width)x\(source.height) frame"
    let format = AVPixelFormat(rawValue: source.format)
    scaler = sws_getCachedContext(
      scaler, source.width, source.height, format, source.width, source.height, AV_PIX_FMT_YUV420P,
      SWS_BILINEAR | SWS_ACCURATE_RND, nil, nil, nil)
    guard let scaler else { throw .from(ws_averror_einval, .scale, place: place) }
    let builder = PictureBuilder(resolution: Resolution(width: Int(source.width), height: Int(source.height)))
    let input = withUnsafeBytes(of: frame.pointee.data) { planes in
      planes.bindMemory(to: UnsafeMutablePointer<UInt8>?.self).map { $0.map { UnsafePointer($0) } }
    }
    let inputStrides = withUnsafeBytes(of: frame.pointee.linesize) { Array($0.bindMemory(to: Int32.self)) }
    let output: [UnsafeMutablePointer<UInt8>?] = [builder.luma, builder.cb, builder.cr, nil]
    let chromaStride = Int32(builder.strides.chroma)
    let rows = sws_scale(
      scaler, input, inputStrides, 0, source.height, output,
      [Int32(builder.strides.luma), chromaStride, chromaStride, 0])
    guard rows == source.height else { throw .from(rows, .scale, place: place) }
    // swscale makes video range from formats that are full range by nature and keeps the range of the others.
    let isNaturallyFull = ws_swscale_reads_full_range(format) != 0
    return builder.seal(isFullRange: source.color_range == AVCOL_RANGE_JPEG && !isNaturallyFull)
  }
}
