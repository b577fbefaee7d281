/// Why video cannot be published.
public enum PublishingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The server does not let us in, or refuses the stream: trying again does not help.
  case refused(place: String, reason: String)
  /// The source has no picture at all.
  case emptySource(place: String)
  /// What the source or the encoder yields is no H.264 picture.
  case malformed(place: String, reason: String)
  /// A file of sensor readings is not what it should be.
  case notALog(place: String, reason: String)
  /// A truth file cannot be written.
  case cannotWrite(path: String, reason: String)
  /// The caller asked for something impossible.
  case invalidArgument(String)

  public var description: String {
    switch self {
    case .refused(let place, let reason): "\(place) refuses: \(reason)"
    case .emptySource(let place): "\(place) has no picture"
    case .malformed(let place, let reason): "\(place) yields no usable picture: \(reason)"
    case .notALog(let place, let reason): "cannot use \(place): \(reason)"
    case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
    case .invalidArgument(let text): text
    }
  }
}
