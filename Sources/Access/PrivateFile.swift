#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Small files that only their owner may read.
public enum PrivateFile {
  /// No file of ours comes near this size.
  private static let sizeLimit = 1 << 20

  /// Reads a file after checking that nobody else can.
  /// - Throws: `AccessError` when it cannot be read, is no regular file, is larger than 1 MiB, or others can read it.
  public static func read(_ path: String) throws(AccessError) -> String {
    try read(path, mustBePrivate: true)
  }

  /// Reads a file that need not be secret, as a certificate.
  static func readPublic(_ path: String) throws(AccessError) -> String {
    try read(path, mustBePrivate: false)
  }

  private static func read(_ path: String, mustBePrivate: Bool) throws(AccessError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(path: path, reason: lastError()) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .file(path: path, reason: lastError()) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, reason: "not a regular file") }
    if mustBePrivate, status.st_mode & 0o077 != 0 { throw .fileIsReadableByOthers(path: path) }
    guard status.st_size <= sizeLimit else { throw .file(path: path, reason: "larger than \(sizeLimit) bytes") }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while bytes.count <= sizeLimit {
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, &chunk, chunk.count)
      #else
        let count = Darwin.read(descriptor, &chunk, chunk.count)
      #endif
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .file(path: path, reason: lastError()) }
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Replaces a file in one step, with mode 0600 from the first byte on.
  static func write(_ text: String, to path: String) throws(AccessError) {
    let temporary = "\(path).\(getpid()).tmp"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .file(path: path, reason: lastError()) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { buffer in
        #if canImport(Glibc)
          Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #else
          Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
      }
      if written < 0, errno == EINTR { continue }
      guard written >= 0 else {
        let reason = lastError()
        close(descriptor)
        unlink(temporary)
        throw .file(path: path, reason: reason)
      }
      bytes = bytes.dropFirst(written)
    }
    fsync(descriptor)
    close(descriptor)
    guard rename(temporary, path) == 0 else {
      let reason = lastError()
      unlink(temporary)
      throw .file(path: path, reason: reason)
    }
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}
