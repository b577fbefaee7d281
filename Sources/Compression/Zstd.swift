import CZstd
public import NIOCore
import Synchronization

/// Zstandard. The contexts of the library are kept and used again; calls wait for each other.
// Safe because both contexts are used under the lock only, and freed when nobody has a reference any more.
public final class Zstd: @unchecked Sendable {
  private let level: Int32
  private let compressing: OpaquePointer?
  private let decompressing: OpaquePointer?
  private let lock = Mutex(())

  /// - Parameter level: 1 (fast) through 19 (small); negative ones are faster still.
  public init(level: Int = 1) {
    self.level = Int32(clamping: level)
    compressing = ZSTD_createCCtx()
    decompressing = ZSTD_createDCtx()
  }

  deinit {
    ZSTD_freeCCtx(compressing)
    ZSTD_freeDCtx(decompressing)
  }

  /// Appends `bytes` as one frame with its size and without a checksum; `false`, and nothing appended, without memory.
  public func compress(_ bytes: UnsafeRawBufferPointer, to result: inout ByteBuffer) -> Bool {
    let bound = ZSTD_compressBound(bytes.count)
    guard ZSTD_isError(bound) == 0 else { return false }
    return lock.withLock { _ in
      let written = result.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
        let count = ZSTD_compressCCtx(
          compressing, target.baseAddress, target.count, bytes.baseAddress, bytes.count, level)
        return ZSTD_isError(count) == 0 ? count : 0
      }
      return written > 0
    }
  }

  /// Appends exactly `count` bytes; `false`, and nothing appended, where the frames in `bytes` give another number.
  public func decompress(_ bytes: UnsafeRawBufferPointer, count: Int, to result: inout ByteBuffer) -> Bool {
    lock.withLock { _ in
      var isWhole = false
      result.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
        let got = ZSTD_decompressDCtx(
          decompressing, target.baseAddress, count, bytes.baseAddress, bytes.count)
        isWhole = ZSTD_isError(got) == 0 && got == count
        return isWhole ? count : 0
      }
      return isWhole
    }
  }
}
