public import PosixFiles

/// Why the spool cannot do what it was asked for.
public enum SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A system call failed.
  case disk(FileFailure)
  /// Another process has it.
  case inUse(folder: String)
  /// A file has the name of one of ours, and something else in it.
  case unknownFormat(path: String)
  /// The disk has less space left than must stay free.
  case lowSpace(folder: String, freeBytes: Int, minimumBytes: Int)
  /// It is as large as it may be, and what it holds matters more.
  case full(folder: String, limitBytes: Int)
  /// One message is larger than the whole spool may be.
  case tooLarge(folder: String, bytes: Int, limitBytes: Int)

  /// Whether freeing space on the disk helps.
  public var isFullDisk: Bool {
    switch self {
    case .disk(let failure): failure.isFullDisk
    case .lowSpace: true
    case .inUse, .unknownFormat, .full, .tooLarge: false
    }
  }

  public var description: String {
    switch self {
    case .disk(let failure): "the spool cannot be used: \(failure)"
    case .inUse(let folder): "the spool in \(folder) is in use by another process"
    case .unknownFormat(let path):
      "\(path) is not a file of this version's spool; move it away, or choose another folder for the spool"
    case .lowSpace(let folder, let free, let minimum):
      "the spool in \(folder) takes no more: \(free >> 20) MiB are free on the disk, \(minimum >> 20) MiB must stay free"
    case .full(let folder, let limit): "the spool in \(folder) is full: it may take \(limit >> 20) MiB"
    case .tooLarge(let folder, let bytes, let limit):
      "a message of \(bytes) bytes does not fit into the spool in \(folder), which may take \(limit) bytes"
    }
  }
}
