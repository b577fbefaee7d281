import Compression
import MCAP
import NIOCore

/// Completes the MCAP file of a session, as after a crash.
enum SessionLogRepair {
  private static let pieceBytes = 1 << 20

  /// Cuts off what is incomplete, and writes indexes and summary.
  /// - Returns: how many messages there are; `nil` when there is not even a header.
  static func complete(_ file: any DiskFile) throws(RecordingError) -> UInt64? {
    var recovery = MCAPRecovery(compressions: ChunkCompression.all())
    var offset = 0
    while true {
      let piece = try file.read(at: offset, count: pieceBytes)
      guard piece.readableBytes > 0 else { break }
      offset += piece.readableBytes
      recovery.receive(piece)
    }
    switch recovery.finish() {
    case .hopeless: return nil
    case .whole(let messages): return messages
    case .repairable(let repair):
      try file.truncate(to: Int(repair.keep))
      try file.write(repair.tail, at: Int(repair.keep))
      try file.sync()
      return repair.messages
    }
  }
}
