#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Folders and what is in them. Calls block.
public enum Folder {
  /// How full a disk is.
  public struct Space: Hashable, Sendable {
    /// What this process may still use.
    public var freeBytes: Int
    public var totalBytes: Int

    public init(freeBytes: Int, totalBytes: Int) {
      self.freeBytes = freeBytes
      self.totalBytes = totalBytes
    }
  }

  /// Makes a folder and those above it; nothing happens where it exists.
  public static func make(_ path: String) throws(FileFailure) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made == "/" ? String(part) : "/\(part)"
      if mkdir(made, 0o755) != 0, errno != EEXIST { throw FileFailure(.createFolder, made, code: errno) }
    }
  }

  /// Names of what is in a folder, without `.` and `..`, sorted.
  public static func names(in path: String) throws(FileFailure) -> [String] {
    guard let entries = opendir(path) else { throw FileFailure(.list, path, code: errno) }
    defer { closedir(entries) }
    var names: [String] = []
    while let found = readdir(entries) {
      let name = withUnsafePointer(to: &found.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file.
  public static func remove(_ path: String) throws(FileFailure) {
    if unlink(path) != 0 { throw FileFailure(.remove, path, code: errno) }
  }

  /// Makes entries of a folder (new, renamed and removed files) last through a power cut.
  public static func sync(_ path: String) throws(FileFailure) {
    // A folder may well be a link to another disk.
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(.open, path, code: errno) }
    defer { close(descriptor) }
    if fsync(descriptor) != 0 { throw FileFailure(.sync, path, code: errno) }
  }

  public static func space(at path: String) throws(FileFailure) -> Space {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw FileFailure(.measure, path, code: errno) }
    let block = Int(status.f_frsize)
    return Space(freeBytes: Int(status.f_bavail) * block, totalBytes: Int(status.f_blocks) * block)
  }
}
