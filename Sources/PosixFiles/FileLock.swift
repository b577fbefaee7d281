#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A lock that is given back when this object goes, or the process, however it ends.
public final class FileLock: Sendable {
  private let file: OpenFile
  private let removesFile: Bool

  private init(_ file: OpenFile, removesFile: Bool) {
    self.file = file
    self.removesFile = removesFile
  }

  deinit {
    // Before the lock goes with the descriptor.
    if removesFile { unlink(file.path) }
  }

  /// Takes the lock of a file, which is made if need be.
  /// - Parameter removesFile: whether the file goes with the lock. Two processes could then lock two files of one name,
  ///   so it must not be where others wait for the lock.
  /// - Returns: `nil` when somebody holds it.
  public static func take(_ path: String, mode: mode_t, removesFile: Bool) throws(FileFailure) -> FileLock? {
    let file = try OpenFile(path, flags: O_RDWR | O_CREAT, mode: mode, for: .lock)
    guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if errno == EWOULDBLOCK { return nil }
      throw FileFailure(.lock, path, code: errno)
    }
    return FileLock(file, removesFile: removesFile)
  }

  /// Whether somebody holds the lock of a file that exists.
  public static func isTaken(_ path: String) throws(FileFailure) -> Bool {
    let file = try OpenFile(path, flags: O_RDONLY, mode: 0, for: .lock)
    // Closing gives back what this takes; the file stays, for it is not ours.
    return flock(file.descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}
