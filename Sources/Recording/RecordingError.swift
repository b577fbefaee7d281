public import H264
public import PosixFiles

/// Why something could not be recorded.
public enum RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A system call failed.
  case disk(FileFailure)
  /// The disk has less space left than the recorder must leave.
  case lowSpace(freeBytes: Int, minimumBytes: Int)
  /// The parameter sets of the stream cannot be put into MP4.
  case parameterSets(H264Error)

  /// Whether freeing space helps.
  public var isFullDisk: Bool {
    switch self {
    case .disk(let failure): failure.isFullDisk
    case .lowSpace: true
    case .parameterSets: false
    }
  }

  /// Whether both are the same for an operator, whatever the file and the number of bytes.
  func isSameFault(as other: RecordingError) -> Bool {
    switch (self, other) {
    case (.disk(let failure), .disk(let otherFailure)): failure.code == otherFailure.code
    case (.lowSpace, .lowSpace): true
    case (.parameterSets(let error), .parameterSets(let otherError)): error == otherError
    default: isFullDisk && other.isFullDisk
    }
  }

  public var description: String {
    switch self {
    case .disk(let failure): failure.description
    case .lowSpace(let free, let minimum):
      "only \(free >> 20) MiB are free on the disk, recording leaves \(minimum >> 20) MiB"
    case .parameterSets(let error): "the stream cannot be put into MP4: \(error)"
    }
  }
}
