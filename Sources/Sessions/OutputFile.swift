import NIOCore
import PosixFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is there whole or not at all: it gets its name when it is complete. Or standard output.
package final class OutputFile {
  package static let standardOutput = "-"

  package let path: String
  private let file: OpenFile?
  private var offset = 0
  private var isFinished = false

  /// - Parameter path: `-` for standard output.
  package init(_ path: String) throws(SessionsError) {
    self.path = path
    guard path != Self.standardOutput else {
      file = nil
      return
    }
    do throws(FileFailure) {
      file = try OpenFile(path + Self.suffix, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o644, for: .create)
    } catch {
      throw .file("\(error)")
    }
  }

  private static let suffix = ".partial"

  // What was not finished is of no use.
  deinit { if file != nil, !isFinished { unlink(path + Self.suffix) } }

  package var isStandardOutput: Bool { file == nil }
  /// Bytes so far.
  package var bytes: Int { offset }

  package func write(_ text: String) throws(SessionsError) {
    if !text.isEmpty { try write(ByteBuffer(string: text)) }
  }

  package func write(_ bytes: ByteBuffer) throws(SessionsError) {
    if let file {
      if let failure = file.write(bytes, at: offset).failure { throw .file("\(failure)") }
    } else {
      try Self.writeOut(bytes)
    }
    offset += bytes.readableBytes
  }

  /// Bytes that replace others. Of a file only.
  package func write(_ bytes: ByteBuffer, at place: Int) throws(SessionsError) {
    if let failure = file?.write(bytes, at: place).failure { throw .file("\(failure)") }
  }

  /// Cuts the file. Of a file only.
  package func truncate(to size: Int) throws(SessionsError) {
    do throws(FileFailure) { try file?.truncate(to: size) } catch { throw .file("\(error)") }
    offset = size
  }

  /// The file gets its name.
  package func finish() throws(SessionsError) {
    guard let file else { return }
    do throws(FileFailure) {
      try file.sync()
      guard rename(path + Self.suffix, path) == 0 else { throw FileFailure(.rename, path, code: errno) }
    } catch {
      throw .file("\(error)")
    }
    isFinished = true
  }

  private static func writeOut(_ bytes: ByteBuffer) throws(SessionsError) {
    let code: Int32? = bytes.withUnsafeReadableBytes { memory in
      var done = 0
      while done < memory.count {
        let written = writeSome(STDOUT_FILENO, memory, from: done)
        if written < 0, errno == EINTR { continue }
        if written <= 0 { return errno }
        done += written
      }
      return nil
    }
    if let code { throw .file("\(FileFailure(.write, "standard output", code: code))") }
  }

  private static func writeSome(_ descriptor: Int32, _ memory: UnsafeRawBufferPointer, from place: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, memory.baseAddress?.advanced(by: place), memory.count - place)
    #else
      Darwin.write(descriptor, memory.baseAddress?.advanced(by: place), memory.count - place)
    #endif
  }
}
