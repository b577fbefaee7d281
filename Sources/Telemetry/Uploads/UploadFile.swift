import Foundation
import TelemetryProtocol

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file cannot be written.
struct UploadStorageError: Error, CustomStringConvertible {
  var path: String
  var reason: String

  init(_ path: String, _ code: Int32 = errno) {
    self.path = path
    reason = String(cString: strerror(code))
  }

  var description: String { "\(path): \(reason)" }
}

/// One file on its way to disk. Used on one thread.
final class UploadFile {
  /// Files of one name in one folder; beyond, something else is wrong.
  private static let nameLimit = 10_000

  let name: UploadFileName
  private(set) var bytes = 0
  private let folder: String
  private let temporary: String
  private var descriptor: Int32

  /// Makes the folder and an empty file that nobody sees.
  init(name: UploadFileName, folder: String, key: String) throws(UploadStorageError) {
    self.name = name
    self.folder = folder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw UploadStorageError(folder, EIO)
    }
    temporary = "\(folder)/.upload-\(getpid())-\(key).part"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw UploadStorageError(temporary) }
  }

  deinit { closeFile() }

  func append(_ text: String) throws(UploadStorageError) {
    var text = text
    let failure = text.withUTF8 { buffer -> Int32? in
      var rest = UnsafeRawBufferPointer(buffer)
      while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
      return nil
    }
    if let failure { throw UploadStorageError(temporary, failure) }
    bytes += text.utf8.count
  }

  /// Makes the file durable and visible.
  /// - Returns: the name that it got.
  func commit() throws(UploadStorageError) -> String {
    guard fsync(descriptor) == 0 else { throw UploadStorageError(temporary) }
    closeFile()
    for number in 0..<Self.nameLimit {
      let candidate = number == 0 ? name.text : name.numbered(number)
      // Unlike rename(2), link(2) never replaces a file.
      if link(temporary, "\(folder)/\(candidate)") == 0 {
        unlink(temporary)
        try flushFolder()
        return candidate
      }
      guard errno == EEXIST else { throw UploadStorageError("\(folder)/\(candidate)") }
    }
    throw UploadStorageError("\(folder)/\(name.text)", EEXIST)
  }

  /// Removes what was written.
  func discard() {
    closeFile()
    unlink(temporary)
  }

  /// The name itself is durable only when its folder is.
  private func flushFolder() throws(UploadStorageError) {
    let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { throw UploadStorageError(folder) }
    defer { close(handle) }
    guard fsync(handle) == 0 else { throw UploadStorageError(folder) }
  }

  private func closeFile() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
  }
}
