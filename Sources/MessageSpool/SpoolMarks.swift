internal import Checksums
internal import NIOCore

/// How far a spool was handed out and consumed, in a file of its own that is written over in place.
///
/// `WSMARKS1`, then 8 bytes consumed, 8 bytes handed out, 36 bytes that name the machine's start, and the CRC-32 of all
/// that, big-endian. Written over without a sync: it outlives the process, and after the machine went down, which the
/// name of its start shows, everything counts as handed out.
struct SpoolMarks {
  private static let magic: StaticString = "WSMARKS1"
  private static let bytes = 64

  /// Messages up to this number were removed.
  private(set) var consumed: UInt64 = 0
  /// Messages up to this number may have been sent.
  private(set) var handedOut: UInt64 = 0
  private let file: any SpoolFile
  private let bootID: String
  private(set) var isDirty = false

  /// Opens the file, or makes it.
  init(path: String, isNew: Bool, on disk: any SpoolDisk) throws(SpoolError) {
    file = try disk.open(path, isNew: isNew)
    bootID = Self.padded(disk.bootID ?? "")
    let content = try file.read(at: 0, count: Self.bytes)
    if let marks = Self.read(content) {
      consumed = marks.consumed
      handedOut = marks.bootID == bootID && disk.bootID != nil ? marks.handedOut : .max
    } else if content.readableBytes > 0 {
      handedOut = .max
    }
    // At once, so that its block is there when the disk is full.
    try write()
  }

  mutating func consume(through sequence: UInt64) throws(SpoolError) {
    guard sequence > consumed else { return }
    consumed = sequence
    handedOut = max(handedOut, sequence)
    try write()
    isDirty = true
  }

  mutating func handOut(through sequence: UInt64) throws(SpoolError) {
    guard sequence > handedOut else { return }
    handedOut = sequence
    try write()
    isDirty = true
  }

  /// Once it is known what the spool holds: the number of the last message, so that new ones count as new.
  mutating func limitHandedOut(to last: UInt64) throws(SpoolError) {
    guard handedOut > last else { return }
    handedOut = last
    try write()
  }

  mutating func sync() throws(SpoolError) {
    guard isDirty else { return }
    try file.sync()
    isDirty = false
  }

  private func write() throws(SpoolError) {
    var buffer = ByteBuffer()
    buffer.writeStaticString(Self.magic)
    buffer.writeMultipleIntegers(consumed, handedOut)
    buffer.writeString(bootID)
    let sum = buffer.withUnsafeReadableBytes { CRC32.checksum(of: $0) }
    buffer.writeInteger(sum)
    if let error = file.write(buffer, at: 0).error { throw error }
  }

  private static func read(_ content: ByteBuffer) -> (consumed: UInt64, handedOut: UInt64, bootID: String)? {
    var content = content
    guard content.readableBytes == bytes,
      let sum = content.getInteger(at: content.writerIndex - 4, as: UInt32.self),
      let covered = content.getSlice(at: content.readerIndex, length: bytes - 4),
      covered.withUnsafeReadableBytes({ CRC32.checksum(of: $0) }) == sum,
      content.readSlice(length: 8) == ByteBuffer(staticString: magic),
      let (consumed, handedOut) = content.readMultipleIntegers(as: (UInt64, UInt64).self),
      let bootID = content.readString(length: 36)
    else { return nil }
    return (consumed, handedOut, bootID)
  }

  private static func padded(_ text: String) -> String {
    let text = String(decoding: text.utf8.filter { $0 < 128 }.prefix(36), as: UTF8.self)
    return text + String(repeating: " ", count: 36 - text.utf8.count)
  }
}
