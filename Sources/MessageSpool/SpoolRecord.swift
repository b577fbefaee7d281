internal import BusMessages
internal import Checksums
package import NIOCore

/// One message as it stands in a file of the spool.
///
/// A file begins with 16 bytes: the text `WSSPOOL1`, then the sequence number of its first record. Records follow each
/// other without gaps. Integers are big-endian, texts are UTF-8 with their length in 2 bytes before them.
///
/// | bytes | field |
/// |---|---|
/// | 4 | length of what follows the checksum |
/// | 4 | CRC-32 of the length field and of what follows the checksum |
/// | 8 | sequence number: the order of appending, ascending in a file and unique in a spool |
/// | 1 | flags; bit 0: it may have been sent before |
/// | 2 + n | topic, by the usual name of its exchange |
/// | 2 + n | message id |
/// | 2 + n | content type |
/// | 2 | number of headers |
/// | … | for each: name (2 + n), kind (1: text, integer, real, boolean as 0…3), value (2 + n, 8, 8 or 1 bytes) |
/// | … | body, up to the end |
package struct SpoolRecord: Hashable, Sendable {
  package var sequence: UInt64
  package var entry: SpoolEntry

  package init(sequence: UInt64, entry: SpoolEntry) {
    self.sequence = sequence
    self.entry = entry
  }

  /// Length and checksum.
  package static let prefixBytes = 8
  /// More than any message of the bus; a longer one in a file is damage.
  package static let maximumBytes = 256 << 20

  /// What stands at the begin of a buffer.
  package enum Reading: Hashable, Sendable {
    /// A record, and the bytes that it takes.
    case record(SpoolRecord, bytes: Int)
    /// A record that is damaged, or that this version does not understand; the next begins so many bytes further on.
    case unreadable(bytes: Int)
    /// The rest is no sequence of records: a write was cut off there, or it is damaged.
    case broken
    /// More bytes are needed to tell, so many at least, or all that there are.
    case incomplete(needed: Int)
  }

  // MARK: Writing

  /// Appends the record to a buffer.
  /// - Returns: bytes appended.
  @discardableResult package func write(into buffer: inout ByteBuffer) -> Int {
    let start = buffer.writerIndex
    buffer.writeInteger(UInt64.zero)
    buffer.writeInteger(sequence)
    buffer.writeInteger(UInt8(entry.mayHaveBeenSent ? 1 : 0))
    Self.write(entry.message.topic.rawValue, into: &buffer)
    Self.write(entry.id, into: &buffer)
    Self.write(entry.message.contentType, into: &buffer)
    // Sorted, so that the same message gives the same bytes.
    let headers = entry.message.headers.sorted { $0.key < $1.key }.prefix(Int(UInt16.max))
    buffer.writeInteger(UInt16(headers.count))
    for (name, value) in headers { Self.write(name, value, into: &buffer) }
    buffer.writeImmutableBuffer(entry.message.body)
    let bytes = buffer.writerIndex - start
    buffer.setInteger(UInt32(bytes - Self.prefixBytes), at: start)
    buffer.setInteger(Self.checksum(of: buffer, at: start, bytes: bytes), at: start + 4)
    return bytes
  }

  private static func write(_ text: String, into buffer: inout ByteBuffer) {
    var text = text
    // AMQP allows 255 bytes where this allows 65,535.
    while text.utf8.count > Int(UInt16.max) { text.removeLast() }
    buffer.writeInteger(UInt16(text.utf8.count))
    buffer.writeString(text)
  }

  private static func write(_ name: String, _ value: BusHeaderValue, into buffer: inout ByteBuffer) {
    write(name, into: &buffer)
    switch value {
    case .text(let text):
      buffer.writeInteger(UInt8(0))
      write(text, into: &buffer)
    case .integer(let integer):
      buffer.writeInteger(UInt8(1))
      buffer.writeInteger(integer)
    case .real(let real):
      buffer.writeInteger(UInt8(2))
      buffer.writeInteger(real.bitPattern)
    case .boolean(let boolean):
      buffer.writeInteger(UInt8(3))
      buffer.writeInteger(UInt8(boolean ? 1 : 0))
    }
  }

  // MARK: Reading

  /// Reads what begins at `offset` of a buffer's readable bytes.
  ///
  /// - Parameter isEnd: nothing follows the buffer, so what goes on behind it is broken.
  package static func read(_ buffer: ByteBuffer, at offset: Int, isEnd: Bool) -> Reading {
    let start = buffer.readerIndex + offset
    let rest = buffer.writerIndex - start
    guard rest >= prefixBytes, let length = buffer.getInteger(at: start, as: UInt32.self),
      let checksum = buffer.getInteger(at: start + 4, as: UInt32.self)
    else { return isEnd ? .broken : .incomplete(needed: prefixBytes) }
    guard Int(length) <= maximumBytes else { return .broken }
    let bytes = prefixBytes + Int(length)
    guard rest >= bytes else { return isEnd ? .broken : .incomplete(needed: bytes) }
    guard Self.checksum(of: buffer, at: start, bytes: bytes) == checksum else {
      // Where a whole record follows, only this one is damaged, and not in its length.
      if isWhole(buffer, at: start + bytes) { return .unreadable(bytes: bytes) }
      return isEnd ? .broken : .incomplete(needed: .max)
    }
    guard var content = buffer.getSlice(at: start + prefixBytes, length: Int(length)),
      let record = SpoolRecord(content: &content)
    else { return .unreadable(bytes: bytes) }
    return .record(record, bytes: bytes)
  }

  private static func isWhole(_ buffer: ByteBuffer, at index: Int) -> Bool {
    guard let length = buffer.getInteger(at: index, as: UInt32.self),
      let checksum = buffer.getInteger(at: index + 4, as: UInt32.self), Int(length) <= maximumBytes,
      buffer.writerIndex - index - prefixBytes >= Int(length)
    else { return false }
    return Self.checksum(of: buffer, at: index, bytes: prefixBytes + Int(length)) == checksum
  }

  /// The checksum of a record: of its bytes without the four that the checksum takes.
  private static func checksum(of buffer: ByteBuffer, at index: Int, bytes: Int) -> UInt32 {
    buffer.withUnsafeReadableBytes { all in
      let start = index - buffer.readerIndex
      return CRC32.checksum(
        UnsafeRawBufferPointer(rebasing: all[start..<start + 4]),
        UnsafeRawBufferPointer(rebasing: all[start + prefixBytes..<start + bytes]))
    }
  }

  private init?(content: inout ByteBuffer) {
    guard let sequence = content.readInteger(as: UInt64.self), let flags = content.readInteger(as: UInt8.self),
      let topic = Self.readText(&content).flatMap({ Topic(rawValue: $0) }), let id = Self.readText(&content),
      let contentType = Self.readText(&content), let count = content.readInteger(as: UInt16.self)
    else { return nil }
    var headers: [String: BusHeaderValue] = [:]
    for _ in 0..<count {
      guard let name = Self.readText(&content), let value = Self.readValue(&content) else { return nil }
      headers[name] = value
    }
    self.sequence = sequence
    let message = BusMessage(topic: topic, body: content.slice(), contentType: contentType, headers: headers)
    entry = SpoolEntry(message: message, id: id, mayHaveBeenSent: flags & 1 == 1)
  }

  private static func readText(_ buffer: inout ByteBuffer) -> String? {
    guard let length = buffer.readInteger(as: UInt16.self) else { return nil }
    return buffer.readString(length: Int(length))
  }

  private static func readValue(_ buffer: inout ByteBuffer) -> BusHeaderValue? {
    guard let kind = buffer.readInteger(as: UInt8.self) else { return nil }
    switch kind {
    case 0: return readText(&buffer).map { .text($0) }
    case 1: return buffer.readInteger(as: Int64.self).map { .integer($0) }
    case 2: return buffer.readInteger(as: UInt64.self).map { .real(Double(bitPattern: $0)) }
    case 3: return buffer.readInteger(as: UInt8.self).map { .boolean($0 != 0) }
    default: return nil
    }
  }
}
