import CLZ4
public import NIOCore

/// LZ4, as frames with a header of their own and as bare blocks.
public enum LZ4 {
  /// Appends `bytes` as one frame with its size and without a checksum; `false`, and nothing appended, on failure.
  public static func compressFrame(_ bytes: UnsafeRawBufferPointer, to result: inout ByteBuffer) -> Bool {
    var preferences = LZ4F_preferences_t()
    preferences.frameInfo.contentSize = UInt64(bytes.count)
    preferences.frameInfo.blockSizeID = LZ4F_max4MB
    let bound = LZ4F_compressFrameBound(bytes.count, &preferences)
    let written = result.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
      let count = LZ4F_compressFrame(target.baseAddress, target.count, bytes.baseAddress, bytes.count, &preferences)
      return LZ4F_isError(count) == 0 ? count : 0
    }
    return written > 0
  }

  /// Appends exactly `count` bytes; `false`, and nothing appended, where the frame in `bytes` gives another number.
  public static func decompressFrame(_ bytes: UnsafeRawBufferPointer, count: Int, to result: inout ByteBuffer) -> Bool {
    var context: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else { return false }
    defer { LZ4F_freeDecompressionContext(context) }
    var isWhole = false
    result.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
      isWhole = decompress(context, bytes, UnsafeMutableRawBufferPointer(rebasing: target[..<count]))
      return isWhole ? count : 0
    }
    return isWhole
  }

  /// Whether one frame takes all of `bytes` and fills all of `target`.
  private static func decompress(
    _ context: OpaquePointer?, _ bytes: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    var taken = 0
    var given = 0
    while taken < bytes.count {
      var input = bytes.count - taken
      var output = target.count - given
      // A null pointer is no offset's base: an empty target has nothing to be written into.
      let place = target.baseAddress.map { $0 + given }
      let hint = LZ4F_decompress(context, place, &output, bytes.baseAddress.map { $0 + taken }, &input, nil)
      guard LZ4F_isError(hint) == 0 else { return false }
      taken += input
      given += output
      if hint == 0 { return taken == bytes.count && given == target.count }
      guard input > 0 || output > 0 else { return false }
    }
    return false
  }

  /// Appends `bytes` as one bare block; `false`, and nothing appended, on failure or beyond 2 GiB.
  public static func compressBlock(_ bytes: UnsafeRawBufferPointer, to result: inout ByteBuffer) -> Bool {
    guard bytes.count <= Int(LZ4_MAX_INPUT_SIZE) else { return false }
    let bound = Int(LZ4_compressBound(Int32(bytes.count)))
    let written = result.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
      Int(
        LZ4_compress_default(
          bytes.bindMemory(to: CChar.self).baseAddress, target.bindMemory(to: CChar.self).baseAddress,
          Int32(bytes.count), Int32(clamping: target.count)))
    }
    return written > 0
  }

  /// Appends exactly `count` bytes; `false`, and nothing appended, where the block gives another number.
  public static func decompressBlock(_ bytes: UnsafeRawBufferPointer, count: Int, to result: inout ByteBuffer) -> Bool {
    guard let input = Int32(exactly: bytes.count), let output = Int32(exactly: count) else { return false }
    var isWhole = false
    result.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
      let got = LZ4_decompress_safe(
        bytes.bindMemory(to: CChar.self).baseAddress, target.bindMemory(to: CChar.self).baseAddress, input, output)
      isWhole = got == output
      return isWhole ? count : 0
    }
    return isWhole
  }
}
