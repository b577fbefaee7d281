/// Why something cannot be done with a session. Names the file and, where there is one, the place in it.
public enum SessionsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no folder of that name.
  case noSession(String)
  /// A file cannot be read or written.
  case file(String)
  /// A file is not what it should be.
  case malformed(path: String, reason: String)
  /// The session has nothing of what is asked for.
  case nothing(session: String, what: String)
  /// What was asked for makes no sense.
  case usage(String)

  public var description: String {
    switch self {
    case .noSession(let path): "there is no session at \(path)"
    case .file(let text): text
    case .malformed(let path, let reason): "\(path): \(reason)"
    case .nothing(let session, let what): "session \(session) has no \(what)"
    case .usage(let text): text
    }
  }
}
