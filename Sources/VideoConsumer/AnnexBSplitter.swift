import CodedMedia
import CodedMedia
import H264
import NIOCore

/// Cuts a byte stream, whose message boundaries mean nothing, into runs of whole NAL units.
package struct AnnexBSplitter {
  /// More bytes than this without a start code are no video.
  static let limitBytes = 10_000_000
  private var pending = ByteBuffer()

  package init() {}

  /// Takes more bytes.
  /// - Returns: the NAL units that are complete now, with their start codes; `nil` when there are none.
  /// - Throws: when there is no start code in more than `limitBytes`.
  package mutating func append(_ bytes: ByteBuffer) throws(SplitError) -> ByteBuffer? {
    pending.writeImmutableBuffer(bytes)
    guard let last = AnnexB.nalUnitRanges(in: pending).last else {
      guard pending.readableBytes <= Self.limitBytes else { throw .noStartCode(bytes: pending.readableBytes) }
      return nil
    }
    // The last unit may go on in the next message.
    let start = Self.startCode(of: last, in: pending)
    guard pending.readableBytes - start <= Self.limitBytes else { throw .noStartCode(bytes: pending.readableBytes) }
    guard start > 0, let complete = pending.readSlice(length: start) else { return nil }
    // Does not keep the storage of what was handed out.
    pending = ByteBuffer(bytes: pending.readableBytesView)
    // What comes before the first start code of a stream is a cut-off unit.
    guard let first = AnnexB.nalUnitRanges(in: complete, limit: 1).first else { return nil }
    let begin = Self.startCode(of: first, in: complete)
    return complete.getSlice(at: complete.readerIndex + begin, length: complete.readableBytes - begin)
  }

  /// Where the start code of a unit begins, a zero byte in front of it included.
  private static func startCode(of unit: CodedPicture.NALRange, in bytes: ByteBuffer) -> Int {
    let code = unit.offset - 3
    let hasZeroByte = code > 0 && bytes.getInteger(at: bytes.readerIndex + code - 1, as: UInt8.self) == 0
    return hasZeroByte ? code - 1 : code
  }

  /// What is left at the end of the stream.
  package mutating func finish() -> ByteBuffer? {
    defer { pending = ByteBuffer() }
    return AnnexB.nalUnitRanges(in: pending, limit: 1).isEmpty ? nil : pending
  }
}

/// Why bytes cannot be cut into NAL units.
package enum SplitError: Error, Equatable {
  case noStartCode(bytes: Int)
}
