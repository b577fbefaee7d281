import CodedMedia
import Foundation
import FragmentedMP4
import H264
import MediaModel
import NIOCore
import Testing
import TestSupport

extension FragmentedMP4Index {
  fileprivate static func scan(_ file: ByteBuffer) throws(FragmentedMP4Error) -> FragmentedMP4Index {
    try scan(fileBytes: file.readableBytes) { offset, count in
      file.getSlice(at: offset, length: min(count, file.readableBytes - offset))
    }
  }
}

extension ByteBuffer {
  /// Applies what completes a file.
  fileprivate mutating func complete(_ completion: FragmentedMP4Completion) {
    writeImmutableBuffer(completion.trailer)
    for patch in completion.patches { setBuffer(patch.bytes, at: patch.offset) }
  }
}

@Suite struct FragmentedMP4FileTests {
  /// A file of fragments of five units, and what completes it.
  private func file(units: Int) throws -> (file: ByteBuffer, completion: FragmentedMP4Completion) {
    let stream = try FakeStream()
    var writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .file)
    var file = writer.initializationSegment
    for number in 0..<units {
      writer.add(stream.unit(number))
      if number % 5 == 4, let fragment = writer.fragment(keepsLast: true) { file.writeImmutableBuffer(fragment) }
    }
    return (file, writer.finish())
  }

  @Test(arguments: [0, 1, 5, 99, 3_000]) func indexAndDurationsAreRight(units: Int) throws {
    var (file, completion) = try file(units: units)
    file.complete(completion)
    let types = boxes(file).map(\.type)
    #expect(!types.contains("broken"))
    #expect(types.last == "mfra")
    #expect(Array(types.prefix(units == 0 ? 3 : 4)) == ["ftyp", "moov"] + (units == 0 ? ["free"] : ["sidx", "free"]))
    let duration = UInt64(units * 40_000)
    for (path, offset) in [
      (["mvhd"], 24), (["trak", "tkhd"], 28), (["trak", "mdia", "mdhd"], 24), (["mvex", "mehd"], 4),
    ] {
      let found = try body(file, ["moov"] + path)
      #expect(file.getInteger(at: found.lowerBound + offset, as: UInt64.self) == duration)
    }
    let mfra = try #require(boxes(file).last).body
    #expect(file.getInteger(at: file.writerIndex - 4, as: UInt32.self).map(Int.init) == mfra.count + 8)
    guard units > 0 else { return }
    try checkSegmentIndex(file, duration: duration)
    try checkRandomAccess(file)
  }

  private func checkSegmentIndex(_ file: ByteBuffer, duration: UInt64) throws {
    let sidx = try body(file, ["sidx"])
    let firstOffset = try #require(file.getInteger(at: sidx.lowerBound + 20, as: UInt64.self))
    let count = try #require(file.getInteger(at: sidx.lowerBound + 30, as: UInt16.self))
    var position = sidx.upperBound + Int(firstOffset)
    var total: UInt64 = 0
    for entry in 0..<Int(count) {
      let at = sidx.lowerBound + 32 + entry * 12
      let bytes = try #require(file.getInteger(at: at, as: UInt32.self))
      total += UInt64(try #require(file.getInteger(at: at + 4, as: UInt32.self)))
      #expect(file.getString(at: position + 4, length: 4) == "prft")
      position += Int(bytes)
    }
    #expect(total == duration)
    #expect(file.getString(at: position + 4, length: 4) == "mfra")
  }

  private func checkRandomAccess(_ file: ByteBuffer) throws {
    let tfra = try body(file, ["mfra", "tfra"])
    let count = try #require(file.getInteger(at: tfra.lowerBound + 12, as: UInt32.self))
    #expect(count > 0)
    for entry in 0..<Int(count) {
      let at = tfra.lowerBound + 16 + entry * 22
      let time = try #require(file.getInteger(at: at, as: UInt64.self))
      let offset = Int(try #require(file.getInteger(at: at + 8, as: UInt64.self)))
      let sample = Int(try #require(file.getInteger(at: at + 18, as: UInt32.self)))
      #expect(file.getString(at: offset + 4, length: 4) == "moof")
      let fragment = try ReadFragment(#require(file.getSlice(at: offset, length: file.writerIndex - offset)))
      #expect(fragment.samples[sample - 1].isSync)
      #expect(fragment.samples[sample - 1].presentation == Int64(time))
    }
  }

  @Test func scanningFindsWhatTheWriterKnew() throws {
    var (file, completion) = try file(units: 98)
    var complete = file
    complete.complete(completion)
    // The last fragment is part of the trailer.
    let index = try FragmentedMP4Index.scan(complete)
    #expect(index.completion().patches == completion.patches)
    var again = try #require(complete.getSlice(at: 0, length: index.completeBytes))
    again.complete(index.completion())
    #expect(again == complete)
    // Not completed: the same up to the last fragment written.
    let cut = try FragmentedMP4Index.scan(file)
    #expect(cut.completeBytes == file.readableBytes)
    #expect(cut.fragments == Array(index.fragments.prefix(cut.fragments.count)))
    #expect(cut.fragments.count == 19)
    file.complete(cut.completion())
    #expect(try FragmentedMP4Index.scan(file) == cut)
  }

  @Test func aFileCutAnywhereKeepsItsCompleteFragments() throws {
    let (file, _) = try file(units: 30)
    let whole = try FragmentedMP4Index.scan(file)
    let moovEnd = try body(file, ["moov"]).upperBound
    for length in stride(from: 0, through: file.readableBytes, by: 7) {
      let cut = try #require(file.getSlice(at: 0, length: length))
      guard length >= moovEnd else {
        #expect(throws: FragmentedMP4Error.noInitializationSegment) { try FragmentedMP4Index.scan(cut) }
        continue
      }
      let index = try FragmentedMP4Index.scan(cut)
      #expect(index.completeBytes <= length)
      #expect(index.fragments == whole.fragments.filter { $0.offset + $0.bytes <= length })
    }
  }

  @Test func damagedFilesNeverTrap() throws {
    let (file, completion) = try file(units: 12)
    var complete = file
    complete.complete(completion)
    var scanned = 0
    Mutation.forEach(of: [file, complete], count: 3_000) { damaged in
      guard let index = try? FragmentedMP4Index.scan(damaged) else { return }
      scanned += 1
      #expect(index.completeBytes <= damaged.readableBytes + 4_096)
      _ = index.completion()
    }
    #expect(scanned > 1_000)
  }
}
