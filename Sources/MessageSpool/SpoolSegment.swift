internal import NIOCore

/// One file of a lane, and what is known of it.
final class SpoolSegment {
  /// Text and first sequence number; see ``SpoolRecord``.
  static let headerBytes = 16
  private static let magic: StaticString = "WSSPOOL1"

  let path: String
  let firstSequence: UInt64
  let file: any SpoolFile
  /// The number of the last record; one less than the first while there is none.
  private(set) var lastSequence: UInt64
  /// End of the last whole record.
  private(set) var size: Int
  /// Records that were not removed yet.
  var pending = 0
  /// Where the first record stands that was not read yet.
  var readOffset: Int
  /// Records behind `readOffset`.
  var unread = (messages: 0, bytes: 0)
  /// Whether something was written since the last sync.
  var isDirty = false

  private init(path: String, file: any SpoolFile, firstSequence: UInt64) {
    self.path = path
    self.file = file
    self.firstSequence = firstSequence
    lastSequence = firstSequence &- 1
    size = Self.headerBytes
    readOffset = Self.headerBytes
  }

  /// Makes a new file.
  static func make(_ path: String, firstSequence: UInt64, on disk: any SpoolDisk) throws(SpoolError) -> SpoolSegment {
    let file = try disk.open(path, isNew: true)
    var header = ByteBuffer()
    header.writeStaticString(magic)
    header.writeInteger(firstSequence)
    if let error = file.write(header, at: 0).error {
      try? disk.remove(path)
      throw error
    }
    let segment = SpoolSegment(path: path, file: file, firstSequence: firstSequence)
    segment.isDirty = true
    return segment
  }

  /// What opening an older file found beside its records.
  struct Findings {
    /// Whole records that are damaged; they are passed over.
    var unreadableRecords = 0
    /// Bytes at the end that were no record; they were cut off.
    var cutBytes = 0
  }

  /// Opens a file of an earlier run and cuts off what a killed process left half written.
  ///
  /// - Parameter consumed: records up to this number count as removed.
  /// - Returns: `nil` when the file does not even have its header.
  static func open(
    _ path: String, consumed: UInt64, on disk: any SpoolDisk
  ) throws(SpoolError) -> (SpoolSegment, Findings)? {
    let file = try disk.open(path, isNew: false)
    let size = try file.size()
    var content = try file.read(at: 0, count: size)
    let expected = ByteBuffer(staticString: magic)
    guard let found = content.readSlice(length: expected.readableBytes),
      let first = content.readInteger(as: UInt64.self)
    else { return nil }
    guard found == expected else { throw .unknownFormat(path: path) }
    let segment = SpoolSegment(path: path, file: file, firstSequence: first)
    let findings = segment.scan(content, consumed: consumed)
    if segment.size < size { try file.truncate(to: segment.size) }
    return (segment, findings)
  }

  private func scan(_ records: ByteBuffer, consumed: UInt64) -> Findings {
    var findings = Findings()
    var offset = 0
    scanning: while offset < records.readableBytes {
      switch SpoolRecord.read(records, at: offset, isEnd: true) {
      case .record(let record, let bytes):
        offset += bytes
        lastSequence = max(lastSequence, record.sequence)
        if record.sequence <= consumed {
          readOffset = Self.headerBytes + offset
        } else {
          pending += 1
          unread.messages += 1
          unread.bytes += bytes
        }
      case .unreadable(let bytes):
        offset += bytes
        findings.unreadableRecords += 1
      case .broken, .incomplete:
        break scanning
      }
    }
    size = Self.headerBytes + offset
    findings.cutBytes = records.readableBytes - offset
    return findings
  }

  /// Appends whole records; `ends` are their ends in `bytes`, and `sequences` their numbers.
  ///
  /// - Returns: how many of them are in the file now, and why not all.
  func append(_ bytes: ByteBuffer, ends: ArraySlice<Int>, sequences: ArraySlice<UInt64>) -> (Int, SpoolError?) {
    let (written, error) = file.write(bytes, at: size)
    let base = bytes.readerIndex
    let whole = error == nil ? ends.count : ends.prefix { $0 - base <= written }.count
    isDirty = true
    if whole > 0 {
      let end = ends[ends.startIndex + whole - 1] - base
      size += end
      lastSequence = sequences[sequences.startIndex + whole - 1]
      pending += whole
      unread.messages += whole
      unread.bytes += end
    }
    // A part of a record may stand behind the end; the next write goes over it, and opening would cut it off.
    if error != nil { try? file.truncate(to: size) }
    return (whole, error)
  }
}
