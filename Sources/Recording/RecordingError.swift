public import H264

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why something could not be recorded.
public enum RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was being done with the disk.
  public enum Operation: String, Sendable {
    case createFolder = "creating folder"
    case create = "creating"
    case open = "opening"
    case read = "reading"
    case write = "writing"
    case truncate = "truncating"
    case sync = "syncing"
    case rename = "renaming"
    case remove = "removing"
    case lock = "locking"
    case measure = "measuring the space at"
  }

  /// A system call failed with this error number.
  case disk(Operation, path: String, code: Int32)
  /// The disk has less space left than the recorder must leave.
  case lowSpace(freeBytes: Int, minimumBytes: Int)
  /// The parameter sets of the stream cannot be put into MP4.
  case parameterSets(H264Error)

  /// Whether freeing space helps.
  public var isFullDisk: Bool {
    switch self {
    case .disk(_, _, let code): code == ENOSPC || code == EDQUOT
    case .lowSpace: true
    case .parameterSets: false
    }
  }

  /// Whether both are the same for an operator, whatever the file and the number of bytes.
  func isSameFault(as other: RecordingError) -> Bool {
    switch (self, other) {
    case (.disk(_, _, let code), .disk(_, _, let otherCode)): code == otherCode
    case (.lowSpace, .lowSpace): true
    case (.parameterSets(let error), .parameterSets(let otherError)): error == otherError
    default: isFullDisk && other.isFullDisk
    }
  }

  public var description: String {
    switch self {
    case .disk(let operation, let path, let code):
      "\(operation.rawValue) \(path) failed: \(String(cString: strerror(code)))"
    case .lowSpace(let free, let minimum):
      "only \(free >> 20) MiB are free on the disk, recording leaves \(minimum >> 20) MiB"
    case .parameterSets(let error): "the stream cannot be put into MP4: \(error)"
    }
  }
}
