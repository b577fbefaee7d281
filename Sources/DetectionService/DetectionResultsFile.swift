import NIOCore
public import PosixFiles
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file of `detect --results`: a line of JSON for each frame. Calls block.
///
/// Of a live stream every line is in the file as soon as its frame is done, so that others can follow it. Of a file the
/// lines gather in `NAME.part`, which takes the name at the end: what has the name is whole.
public final class DetectionResultsFile: Sendable {
  private struct State {
    var size = 0
    var buffer = ByteBuffer()
    var failure: FileFailure?
    var isClosed = false
  }

  /// Lines of a file are written in pieces of this many bytes.
  private static let pieceBytes = 1 << 16

  public let path: String
  private let isLive: Bool
  private let file: OpenFile
  private let state = Mutex(State())

  /// Makes the file, or empties the one that is there.
  public init(_ path: String, isLive: Bool) throws(FileFailure) {
    self.path = path
    self.isLive = isLive
    file = try OpenFile(
      isLive ? path : path + ".part", flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644, for: .create)
  }

  /// Why lines are missing, the first reason; `nil` when none are.
  public var failure: FileFailure? { state.withLock { $0.failure } }

  /// Appends a line. After a failure nothing is written any more, so that a file never has a hole.
  /// - Returns: whether it is, or will be, in the file.
  func append(_ line: [UInt8]) -> Bool {
    state.withLock { state in
      guard state.failure == nil, !state.isClosed else { return false }
      state.buffer.writeBytes(line)
      if isLive || state.buffer.readableBytes >= Self.pieceBytes { write(&state) }
      return state.failure == nil
    }
  }

  private func write(_ state: inout State) {
    let (written, failure) = file.write(state.buffer, at: state.size)
    state.size += written
    state.buffer.clear()
    if state.failure == nil { state.failure = failure }
  }

  /// Writes what is left and gives the file its name. Later calls do nothing.
  func close() {
    state.withLock { state in
      guard !state.isClosed else { return }
      state.isClosed = true
      write(&state)
      guard !isLive, state.failure == nil else { return }
      do throws(FileFailure) {
        try file.sync()
        guard rename(file.path, path) == 0 else { throw FileFailure(.rename, path, code: errno) }
      } catch {
        state.failure = error
      }
    }
  }
}
