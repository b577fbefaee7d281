/// Why access control could not be set up. Each says what to do about it.
public enum AccessError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The server would listen beyond this machine with nothing to keep strangers out.
  case openToNetwork(host: String)
  /// A file could not be read or written.
  case file(path: String, reason: String)
  /// A file with secrets can be read by other users.
  case fileIsReadableByOthers(path: String)
  /// A line of a token file is not `role: token`.
  case tokenFile(path: String, line: Int, reason: String)
  /// A certificate or key is unusable.
  case certificate(path: String, reason: String)

  public var description: String {
    switch self {
    case .openToNetwork(let host):
      "listening on \(host) needs tokens (--token-file FILE), or --insecure to let everybody in"
    case .file(let path, let reason): "\(path): \(reason)"
    case .fileIsReadableByOthers(let path): "\(path): other users can read this file of secrets; run: chmod 600 \(path)"
    case .tokenFile(let path, let line, let reason): "\(path):\(line): \(reason)"
    case .certificate(let path, let reason): "\(path): \(reason)"
    }
  }
}
