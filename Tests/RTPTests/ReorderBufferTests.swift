import MediaModel
import NIOCore
import RTP
import TestSupport
import Testing

@Suite struct ReorderBufferTests {
  private struct Step {
    var sequence: UInt16
    var atMillis: Int64 = 0
  }

  private func header(_ sequence: UInt16) -> RTPHeader {
    RTPHeader(marker: false, payloadType: 96, sequence: sequence, timestamp: 0, ssrc: 1)
  }

  private func run(_ sequences: [UInt16], in buffer: inout ReorderBuffer, at now: Int64 = 0) -> [ReorderBuffer.Released]
  {
    var released: [ReorderBuffer.Released] = []
    for sequence in sequences {
      buffer.insert(header(sequence), ByteBuffer(), at: HostTime(nanos: now * 1_000_000), into: &released)
    }
    return released
  }

  @Test func restoresOrderAcrossTheWrap() {
    var buffer = ReorderBuffer(capacity: 8, patience: .milliseconds(50))
    let released = run([65_533, 65_535, 65_534, 1, 0, 2], in: &buffer)
    #expect(released.map(\.header.sequence) == [65_533, 65_534, 65_535, 0, 1, 2])
    #expect(released.allSatisfy { !$0.followsLoss } && buffer.nextDeadline == nil)
    #expect(buffer.counters == .init())
  }

  @Test func givesUpAfterTheDeadline() {
    var buffer = ReorderBuffer(capacity: 8, patience: .milliseconds(50))
    #expect(run([10, 12, 13], in: &buffer, at: 5).map(\.header.sequence) == [10])
    #expect(buffer.nextDeadline == HostTime(nanos: 55_000_000))
    var released: [ReorderBuffer.Released] = []
    buffer.deadlineReached(at: HostTime(nanos: 54_999_999), into: &released)
    #expect(released.isEmpty)
    buffer.deadlineReached(at: HostTime(nanos: 55_000_000), into: &released)
    #expect(released.map(\.header.sequence) == [12, 13] && released.map(\.followsLoss) == [true, false])
    #expect(buffer.nextDeadline == nil && buffer.counters.lost == 1)
    #expect(run([11], in: &buffer).isEmpty && buffer.counters.lateOrDuplicate == 1)
  }

  @Test func waitsForEachHoleAnew() {
    var buffer = ReorderBuffer(capacity: 8, patience: .milliseconds(50))
    _ = run([1, 3], in: &buffer, at: 0)
    #expect(run([2, 5], in: &buffer, at: 30).map(\.header.sequence) == [2, 3])
    #expect(buffer.nextDeadline == HostTime(nanos: 80_000_000))
  }

  @Test func fullWindowMovesOn() {
    var buffer = ReorderBuffer(capacity: 4, patience: .milliseconds(50))
    let released = run([1, 3, 4, 5, 6], in: &buffer)
    #expect(
      released.map(\.header.sequence) == [1, 3, 4, 5, 6] && released.map(\.followsLoss).firstIndex(of: true) == 1)
    #expect(buffer.counters.lost == 1)
    let jump = run([60], in: &buffer)
    #expect(jump.isEmpty && buffer.counters.lost == 51)
    let rest = run([57, 58, 59], in: &buffer)
    #expect(rest.map(\.header.sequence) == [57, 58, 59, 60] && rest.map(\.followsLoss) == [true, false, false, false])
  }

  @Test func orderedTransportReportsGapsAtOnce() {
    var buffer = ReorderBuffer(capacity: 1, patience: .zero)
    let released = run([7, 8, 10, 11], in: &buffer)
    #expect(released.map(\.header.sequence) == [7, 8, 10, 11])
    #expect(released.map(\.followsLoss) == [false, false, true, false])
  }

  @Test func duplicatesAreCounted() {
    var buffer = ReorderBuffer(capacity: 8, patience: .milliseconds(50))
    let released = run([1, 1, 3, 3, 2], in: &buffer)
    #expect(released.map(\.header.sequence) == [1, 2, 3] && buffer.counters.lateOrDuplicate == 2)
  }

  @Test func restartIsTakenAfterTwoPacketsInSequence() {
    var buffer = ReorderBuffer(capacity: 8, patience: .milliseconds(50))
    _ = run([30_000, 30_001], in: &buffer)
    let released = run([5, 6, 7], in: &buffer)
    #expect(released.map(\.header.sequence) == [6, 7] && released.first?.followsLoss == true)
    #expect(buffer.counters.restarts == 1)
  }

  @Test func singleStrayPacketIsNoRestart() {
    var buffer = ReorderBuffer(capacity: 8, patience: .milliseconds(50))
    let released = run([30_000, 5, 30_001], in: &buffer)
    #expect(released.map(\.header.sequence) == [30_000, 30_001] && buffer.counters.restarts == 0)
  }

  @Test(arguments: [UInt64](1...50))
  func everyShuffleWithinTheWindowIsRestored(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var buffer = ReorderBuffer(capacity: 32, patience: .milliseconds(50))
    let first = UInt16.random(in: .min ... .max, using: &generator)
    var sequences: [UInt16] = [first]
    for block in 0..<20 {
      sequences += (1...16).map { first &+ UInt16(block * 16 + $0) }.shuffled(using: &generator)
    }
    let released = run(sequences, in: &buffer)
    #expect(released.map(\.header.sequence) == (0...320).map { first &+ UInt16($0) })
    #expect(buffer.counters == .init())
  }
}
