import CFFmpeg

/// What the installed FFmpeg libraries can do, for diagnosis.
public enum FFmpegLibraries {
  /// Names and versions of the libraries in use, as `libavcodec 59.37.100`.
  public static var versions: [String] {
    [
      ("libavformat", avformat_version()), ("libavcodec", avcodec_version()), ("libavutil", avutil_version()),
      ("libswscale", swscale_version()),
    ].map { name, version in "\(name) \(version >> 16).\(version >> 8 & 0xFF).\(version & 0xFF)" }
  }

  /// Whether there is an encoder of this name, as `libx264`.
  public static func hasEncoder(_ name: String) -> Bool { avcodec_find_encoder_by_name(name) != nil }

  /// Whether there is a decoder of this name, as `h264`.
  public static func hasDecoder(_ name: String) -> Bool { avcodec_find_decoder_by_name(name) != nil }
}
