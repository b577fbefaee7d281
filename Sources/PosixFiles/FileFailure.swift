#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What was being done with a file or folder.
public enum FileOperation: String, Sendable {
  case createFolder = "creating folder"
  case list = "listing"
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

/// A system call about a file failed.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public var operation: FileOperation
  public var path: String
  /// The error number, `errno`.
  public var code: Int32

  public init(_ operation: FileOperation, _ path: String, code: Int32) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  /// Somebody else holds the lock of a file.
  public static func lockIsTaken(_ path: String) -> FileFailure { FileFailure(.lock, path, code: EWOULDBLOCK) }

  /// Whether freeing space on the disk helps.
  public var isFullDisk: Bool { code == ENOSPC || code == EDQUOT }

  public var description: String { "\(operation.rawValue) \(path) failed: \(String(cString: strerror(code)))" }
}
