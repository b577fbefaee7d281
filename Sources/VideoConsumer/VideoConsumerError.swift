/// Why a consumer cannot get its video.
public enum VideoConsumerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A `--from` that says nothing we know.
  case invalidSource(String, reason: String)
  /// The file is not there.
  case noSuchFile(String)
  /// The source is coded with something else than H.264.
  case notH264(place: String, codec: String)
  /// The server does not let us in.
  case refused(place: String, status: Int, reason: String)
  /// The source sent what is no H.264 stream.
  case malformed(place: String, reason: String)

  public var description: String {
    switch self {
    case .invalidSource(let text, let reason):
      "source '\(text)': \(reason); expected ws://HOST:PORT/ws/h264_stream?stream=NAME, wss://…, rtsp://… or a file"
    case .noSuchFile(let path): "there is no file '\(path)'"
    case .notH264(let place, let codec):
      "\(place) is coded with \(codec), not H.264; 'worldsystem publish' re-encodes it"
    case .refused(let place, let status, let reason): "\(place) refuses: \(status) \(reason)"
    case .malformed(let place, let reason): "\(place) sends no usable video: \(reason)"
    }
  }

  /// Whether trying again cannot help.
  var isFinal: Bool {
    switch self {
    case .invalidSource, .noSuchFile, .notH264: true
    case .refused(_, let status, _): status == 401 || status == 403
    case .malformed: false
    }
  }
}
