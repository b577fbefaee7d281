import Compression
import MCAP
import MediaModel
import NIOCore
import TestSupport
import Testing

struct MCAPRecoveryTests {
  private func outcome(of bytes: ByteBuffer, pieceBytes: Int = .max) -> MCAPRecovery.Outcome {
    var recovery = MCAPRecovery(compressions: MCAPFixture.known)
    var rest = bytes
    while rest.readableBytes > 0, let piece = rest.readSlice(length: min(pieceBytes, rest.readableBytes)) {
      recovery.receive(piece)
    }
    return recovery.finish()
  }

  private func repaired(_ bytes: ByteBuffer, _ repair: MCAPRecovery.Repair) throws -> ByteBuffer {
    var result = try #require(bytes.getSlice(at: 0, length: Int(repair.keep)))
    result.writeImmutableBuffer(repair.tail)
    return result
  }

  @Test(arguments: 0..<3)
  func aFileCutAtEveryByteIsWholeAgain(way: Int) throws {
    let file = try MCAPFixture.file(MCAPFixture.compressions[way], messages: 40, chunkBytes: 400)
    let total = file.bytes.readableBytes
    // Messages up to each place where a piece was written.
    let complete = try #require(file.ends.first)
    for length in 0..<total {
      let cut = try #require(file.bytes.getSlice(at: 0, length: length))
      guard length >= complete else {
        #expect(outcome(of: cut) == .hopeless)
        continue
      }
      guard case .repairable(let repair) = outcome(of: cut) else {
        Issue.record("cut at \(length): not repairable")
        continue
      }
      let whole = try repaired(cut, repair)
      let messages = try MCAPFixture.messages(of: whole)
      #expect(messages == Array(file.messages.prefix(messages.count)))
      #expect(UInt64(messages.count) == repair.messages)
      #expect(outcome(of: whole) == .whole(messages: repair.messages))
      let summary = try MCAPFixture.summary(of: whole)
      #expect(summary.statistics?.messageCount == repair.messages)
      #expect(
        summary.chunkIndexes.allSatisfy { index in
          index.messageIndexOffsets.allSatisfy { entry in
            var place = whole.getSlice(at: Int(entry.offset), length: whole.readableBytes - Int(entry.offset))!
            guard case .messageIndex(let found)? = try? MCAPRecord.read(from: &place) else { return false }
            return found.channelID == entry.channelID
          }
        })
      if file.ends.contains(length) { #expect(repair.keep == UInt64(length)) }
    }
    #expect(outcome(of: file.bytes) == .whole(messages: 40))
  }

  @Test(arguments: [1, 7, 64, 1_000])
  func piecesOfAnySizeGiveTheSame(pieceBytes: Int) throws {
    let file = try MCAPFixture.file(.lz4, finishes: false)
    #expect(outcome(of: file.bytes, pieceBytes: pieceBytes) == outcome(of: file.bytes))
  }

  @Test func aChunkWithAWrongByteEndsWhatIsUsed() throws {
    let file = try MCAPFixture.file(nil, chunkBytes: 400)
    let text = Array("message 31".utf8)
    let bytes = Array(file.bytes.readableBytesView)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: text) })
    var damaged = file.bytes
    damaged.setInteger(UInt8(ascii: "X"), at: place)
    guard case .repairable(let repair) = outcome(of: damaged) else {
      Issue.record("not repairable")
      return
    }
    #expect(repair.messages > 10 && repair.messages <= 31)
    #expect(
      try MCAPFixture.messages(of: try repaired(damaged, repair)) == Array(file.messages.prefix(Int(repair.messages))))
  }

  @Test func aSummaryWithAWrongByteIsMadeAnew() throws {
    let file = try MCAPFixture.file(.zstd())
    let summary = try MCAPFixture.summary(of: file.bytes)
    let last = try #require(summary.chunkIndexes.last)
    var damaged = file.bytes
    let place = Int(last.chunkStartOffset + last.chunkLength + last.messageIndexLength) + 13 + 40
    damaged.setInteger(damaged.getInteger(at: place, as: UInt8.self)! ^ 1, at: place)
    guard case .repairable(let repair) = outcome(of: damaged) else {
      Issue.record("not repairable")
      return
    }
    #expect(try repaired(damaged, repair) == file.bytes)
  }

  @Test func zerosBehindTheEndAreCutOff() throws {
    let file = try MCAPFixture.file(.zstd(), finishes: false)
    var padded = file.bytes
    padded.writeRepeatingByte(0, count: 4_096)
    guard case .repairable(let repair) = outcome(of: padded) else {
      Issue.record("not repairable")
      return
    }
    #expect(repair.keep == UInt64(file.bytes.readableBytes))
  }
}
