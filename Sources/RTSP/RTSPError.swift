/// Why bytes are no RTSP message. The message's end is unknown then, so the connection ends with ``status``.
public enum RTSPError: Error, Hashable, Sendable {
  /// The head exceeds ``RTSPLimits/headBytes`` or ``RTSPLimits/headerCount``.
  case headTooLarge(limit: Int)
  /// A body or interleaved frame exceeds its limit.
  case bodyTooLarge(announced: Int, limit: Int)
  /// The first line is neither a request line nor a status line.
  case invalidStartLine
  /// A protocol other than RTSP/1.0, such as HTTP or RTSP/2.0.
  case unsupportedVersion(String)
  /// A header line without colon, or with a name that is no token.
  case invalidHeader
  /// Content-Length is no number, or given twice with different values.
  case invalidContentLength
  /// Bytes that are not UTF-8 in the head.
  case invalidText

  /// The status with which a server answers before it closes.
  public var status: RTSPStatus {
    switch self {
    case .headTooLarge, .bodyTooLarge: .requestEntityTooLarge
    case .unsupportedVersion: .versionNotSupported
    case .invalidStartLine, .invalidHeader, .invalidContentLength, .invalidText: .badRequest
    }
  }
}

/// What is wrong with a session description.
public enum SDPError: Error, Hashable, Sendable {
  /// More lines or media than ``RTSPLimits`` allow.
  case tooLarge
  /// A line that is not `letter=value`; counted from 1.
  case invalidLine(number: Int)
  /// A media line without kind, port, transport and format.
  case invalidMedia(line: Int)
  /// The first line is not `v=0`.
  case unsupportedVersion
}
