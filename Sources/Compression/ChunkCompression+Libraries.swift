public import MCAP

extension ChunkCompression {
  /// Zstandard, by a context of its own.
  ///
  /// - Parameter level: 1 (fast) through 19 (small).
  public static func zstd(level: Int = 1) -> ChunkCompression {
    let zstd = Zstd(level: level)
    return ChunkCompression(
      name: "zstd", compress: { zstd.compress($0, to: &$1) },
      decompress: { zstd.decompress($0, count: $1, to: &$2) })
  }

  /// LZ4 frames.
  public static let lz4 = ChunkCompression(
    name: "lz4", compress: { LZ4.compressFrame($0, to: &$1) },
    decompress: { LZ4.decompressFrame($0, count: $1, to: &$2) })

  /// All that a reader needs.
  public static func all() -> [ChunkCompression] { [.zstd(), .lz4] }
}
