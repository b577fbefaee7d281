/// Why a file of trajectories, samples, cameras or maps could not be read.
public enum MapFormatError: Error, Equatable, CustomStringConvertible {
  /// A line that is not what the format asks for; lines count from 1.
  case line(format: String, number: Int, reason: String)
  /// A value of a camera description that is missing or makes no sense.
  case camera(field: String, reason: String)
  /// More than a program should hold in memory.
  case tooLarge(format: String, limit: Int)

  public var description: String {
    switch self {
    case .line(let format, let number, let reason): "\(format), line \(number): \(reason)"
    case .camera(let field, let reason): "camera.json, \(field): \(reason)"
    case .tooLarge(let format, let limit): "\(format): more than \(limit) lines"
    }
  }
}
