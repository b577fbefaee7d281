/// Why the RTSP service cannot run.
public enum RTSPServerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The address is taken, or not one of this machine.
  case cannotListen(host: String, port: Int, reason: String)
  /// The listening socket failed while the server ran.
  case listenerFailed(port: Int)

  public var description: String {
    switch self {
    case .cannotListen(let host, let port, let reason): "RTSP server: cannot listen on \(host):\(port): \(reason)"
    case .listenerFailed(let port): "RTSP server: listening on port \(port) ended unexpectedly"
    }
  }
}
