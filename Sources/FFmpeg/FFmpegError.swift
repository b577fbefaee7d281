import CFFmpeg

/// What goes wrong in FFmpeg's libraries. Messages name the operation and the place, never credentials.
public enum FFmpegError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was being done.
  public enum Operation: String, Sendable {
    case open = "opening"
    case probe = "probing"
    case read = "reading"
    case filter = "converting the bitstream of"
    case decode = "decoding"
    case scale = "converting the pixels of"
    case encode = "encoding"
    case writeHeader = "starting the output to"
    case write = "writing to"
    case finish = "ending the output to"
  }

  /// The library refused; `code` is its negative error value, `text` its explanation.
  case failed(Operation, place: String, code: Int32, text: String)
  /// The deadline of the operation passed: the other side is silent.
  case timedOut(Operation, place: String)
  /// `IOInterrupt.cancel()` was called.
  case cancelled(Operation, place: String)
  /// The source was opened but has no video that can be read.
  case noVideo(place: String)
  /// The libraries on this machine have no decoder or encoder of this name.
  case codecMissing(name: String)
  /// The caller asked for something impossible.
  case invalidArgument(String)
  /// The library could not allocate memory.
  case outOfMemory

  public var description: String {
    switch self {
    case .failed(let operation, let place, _, let text): "\(operation.rawValue) \(place) failed: \(text)"
    case .timedOut(let operation, let place):
      "\(operation.rawValue) \(place) took too long: no data within the deadline"
    case .cancelled(let operation, let place): "\(operation.rawValue) \(place) was cancelled"
    case .noVideo(let place): "\(place) has no video stream"
    case .codecMissing(let name): "FFmpeg on this machine has no codec '\(name)'"
    case .invalidArgument(let text): text
    case .outOfMemory: "FFmpeg could not allocate memory"
    }
  }

  /// The error for a negative return value of the library.
  static func from(_ code: Int32, _ operation: Operation, place: String) -> FFmpegError {
    code == ws_averror_enomem
      ? .outOfMemory : .failed(operation, place: place, code: code, text: explanation(of: code))
  }

  private static func explanation(of code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      guard let base = text.baseAddress, av_strerror(code, base, 256) >= 0 else { return "error \(code)" }
      return String(cString: base)
    }
  }
}
