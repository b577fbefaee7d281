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
    // The last unit may go on in the next message; its start code is 3 bytes, or 4 with the zero byte in front.
    var start = last.offset - 3
    if start > 0, pending.getInteger(at: pending.readerIndex + start - 1, as: UInt8.self) == 0 { start -= 1 }
    guard pending.readableBytes - start <= Self.limitBytes else { throw .noStartCode(bytes: pending.readableBytes) }
    guard start > 0, let complete = pending.readSlice(length: start) else { return nil }
    // Does not keep the storage of what was handed out.
    pending = ByteBuffer(bytes: pending.readableBytesView)
    // What comes before the first start code of a stream is a cut-off unit.
    guard let first = AnnexB.nalUnitRanges(in: complete, limit: 1).first else { return nil }
    return complete.getSlice(
      at: complete.readerIndex + first.offset - 3, length: complete.readableBytes - first.offset + 3)
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
