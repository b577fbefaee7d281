public import NIOCore

/// A way in which chunks are compressed. The libraries that do it have owners of their own.
public struct ChunkCompression: Sendable {
  /// As chunks name it: `zstd`, `lz4`.
  public var name: String
  /// Appends the compressed bytes; `false`, and nothing appended, where that fails.
  public var compress: @Sendable (_ bytes: UnsafeRawBufferPointer, _ result: inout ByteBuffer) -> Bool
  /// Appends exactly `count` bytes; `false`, and nothing appended, where the input does not give as many.
  public var decompress: @Sendable (_ bytes: UnsafeRawBufferPointer, _ count: Int, _ result: inout ByteBuffer) -> Bool

  public init(
    name: String, compress: @escaping @Sendable (UnsafeRawBufferPointer, inout ByteBuffer) -> Bool,
    decompress: @escaping @Sendable (UnsafeRawBufferPointer, Int, inout ByteBuffer) -> Bool
  ) {
    self.name = name
    self.compress = compress
    self.decompress = decompress
  }
}
