import BusMessages
import Checksums
import MessageSpool
import NIOCore
import Testing

@Suite struct SpoolRecordTests {
  private static let records = [
    SpoolRecord(sequence: 7, entry: SpoolFixture.essential(1, bytes: 60)),
    SpoolRecord(
      sequence: 8,
      entry: SpoolEntry(
        message: BusMessage(topic: .events, body: ByteBuffer(), contentType: "text/plain"), id: "",
        mayHaveBeenSent: true)),
    SpoolRecord(sequence: .max, entry: SpoolFixture.bulk(2, bytes: 100)),
  ]

  /// The records one after the other, and where each ends.
  private static func encoded(_ records: [SpoolRecord] = Self.records) -> (ByteBuffer, ends: [Int]) {
    var buffer = ByteBuffer()
    let ends = records.map { record in
      record.write(into: &buffer)
      return buffer.writerIndex
    }
    return (buffer, ends)
  }

  /// What can be read of a whole file.
  private static func read(_ buffer: ByteBuffer) -> (records: [SpoolRecord], unreadable: Int, end: Int) {
    var (records, unreadable, offset) = ([SpoolRecord](), 0, 0)
    reading: while offset < buffer.readableBytes {
      switch SpoolRecord.read(buffer, at: offset, isEnd: true) {
      case .record(let record, let bytes):
        records.append(record)
        offset += bytes
      case .unreadable(let bytes):
        unreadable += 1
        offset += bytes
      case .broken, .incomplete: break reading
      }
    }
    return (records, unreadable, offset)
  }

  @Test func whatIsWrittenIsRead() {
    let (buffer, ends) = Self.encoded()
    let result = Self.read(buffer)
    #expect(result.records == Self.records)
    #expect(result.end == ends.last)
  }

  @Test func checksumIsThatOfEthernet() {
    // The check value of CRC-32/ISO-HDLC.
    let sum = Array("123456789".utf8).withUnsafeBytes { bytes in
      (0...9).map { split in
        CRC32.checksum(
          UnsafeRawBufferPointer(rebasing: bytes[..<split]), UnsafeRawBufferPointer(rebasing: bytes[split...]))
      }
    }
    #expect(Set(sum) == [0xCBF4_3926])
  }

  @Test func inputTornAtEveryByteEndsAtTheLastWholeRecord() {
    let (buffer, ends) = Self.encoded()
    for length in 0..<buffer.readableBytes {
      let torn = buffer.getSlice(at: 0, length: length)!
      let whole = ends.count { $0 <= length }
      let result = Self.read(torn)
      #expect(result.records == Array(Self.records.prefix(whole)), "torn at \(length)")
      #expect(result.end == (whole == 0 ? 0 : ends[whole - 1]))
      // The same bytes, when more may follow, are never called broken.
      guard result.end < length else { continue }
      guard case .incomplete(let needed) = SpoolRecord.read(torn, at: result.end, isEnd: false) else {
        Issue.record("torn at \(length): not incomplete")
        continue
      }
      #expect(needed > length - result.end)
    }
  }

  @Test func everyBitFlipIsNoticed() {
    let (buffer, ends) = Self.encoded()
    for position in 0..<buffer.readableBytes {
      for bit in 0..<8 {
        var damaged = buffer
        damaged.setInteger(damaged.getInteger(at: position, as: UInt8.self)! ^ (1 << bit), at: position)
        let hit = ends.firstIndex { position < $0 }!
        let result = Self.read(damaged)
        #expect(result.records.count < Self.records.count)
        #expect(Array(result.records.prefix(hit)) == Array(Self.records.prefix(hit)))
        // What is damaged never comes out, in whatever form.
        #expect(result.records.allSatisfy { Self.records.contains($0) })
        // Behind the length and in front of another record, only the record itself is lost.
        let start = hit == 0 ? 0 : ends[hit - 1]
        if position >= start + 4, hit < Self.records.count - 1 {
          #expect(result.records.count == Self.records.count - 1, "bit \(bit) of byte \(position)")
        }
      }
    }
  }

  @Test func zerosAreNoRecords() {
    // File systems leave zeros behind when power goes.
    #expect(SpoolRecord.read(ByteBuffer(repeating: 0, count: 4_096), at: 0, isEnd: true) == .broken)
  }

  @Test func aTopicOfAnotherVersionIsPassedOver() {
    let (buffer, _) = Self.encoded([Self.records[0]])
    var text = Array(buffer.readableBytesView)
    let name = Array("imu_data_exchange".utf8)
    let place = text.indices.first { Array(text[$0...].prefix(name.count)) == name }!
    text[place] = UInt8(ascii: "I")
    text.withUnsafeMutableBytes { bytes in
      let sum = CRC32.checksum(
        UnsafeRawBufferPointer(rebasing: bytes[0..<4]), UnsafeRawBufferPointer(rebasing: bytes[8...]))
      bytes.storeBytes(of: sum.bigEndian, toByteOffset: 4, as: UInt32.self)
    }
    let result = Self.read(ByteBuffer(bytes: text))
    #expect(result.records.isEmpty && result.unreadable == 1)
  }
}
