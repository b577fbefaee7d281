import Compression
import MCAP
import NIOCore
import TestSupport
import Testing

struct CompressionTests {
  private typealias Compress = (UnsafeRawBufferPointer, inout ByteBuffer) -> Bool
  private typealias Decompress = (UnsafeRawBufferPointer, Int, inout ByteBuffer) -> Bool

  private static let zstd = Zstd(level: 3)

  private static func way(_ name: String) -> (Compress, Decompress) {
    switch name {
    case "zstd": ({ zstd.compress($0, to: &$1) }, { zstd.decompress($0, count: $1, to: &$2) })
    case "lz4": (LZ4.compressFrame, { LZ4.decompressFrame($0, count: $1, to: &$2) })
    default: (LZ4.compressBlock, { LZ4.decompressBlock($0, count: $1, to: &$2) })
    }
  }

  private static func compressed(_ bytes: ByteBuffer, _ name: String) -> ByteBuffer {
    var result = ByteBuffer(string: "in front")
    #expect(bytes.withUnsafeReadableBytes { way(name).0($0, &result) })
    #expect(result.readString(length: 8) == "in front")
    return result
  }

  @Test(arguments: ["zstd", "lz4", "block"])
  func whatIsCompressedComesBack(name: String) throws {
    var random = SeededGenerator(seed: 3)
    for count in [0, 1, 100, 70_000, 5_000_000] {
      let bytes = ByteBuffer(bytes: random.bytes(count, of: Array("aaaabc".utf8)))
      let small = Self.compressed(bytes, name)
      if count > 1_000 { #expect(small.readableBytes < count / 2) }
      #expect(Self.compressed(bytes, name) == small)
      var back = ByteBuffer()
      #expect(small.withUnsafeReadableBytes { Self.way(name).1($0, count, &back) })
      #expect(back == bytes)
    }
  }

  @Test(arguments: ["zstd", "lz4", "block"])
  func anotherSizeThanAnnouncedIsRefused(name: String) throws {
    let small = Self.compressed(ByteBuffer(repeating: 7, count: 1_000), name)
    for count in [0, 999, 1_001, 100_000] {
      var back = ByteBuffer()
      #expect(!small.withUnsafeReadableBytes { Self.way(name).1($0, count, &back) }, "\(count)")
      #expect(back.readableBytes == 0)
    }
  }

  @Test(arguments: ["zstd", "lz4", "block"])
  func damagedInputNeverTraps(name: String) throws {
    var random = SeededGenerator(seed: 4)
    let bytes = ByteBuffer(bytes: random.bytes(3_000, of: Array("abcd".utf8)))
    Mutation.forEach(of: [Self.compressed(bytes, name)], count: 2_000) { damaged in
      var back = ByteBuffer()
      let isDone = damaged.withUnsafeReadableBytes { Self.way(name).1($0, 3_000, &back) }
      #expect(back.readableBytes == (isDone ? 3_000 : 0))
    }
  }
}
