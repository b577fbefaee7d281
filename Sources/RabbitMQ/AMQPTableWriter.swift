import CRabbitMQ

/// Builds a table for the library in memory that is used again and again, so that a message costs no allocation.
public struct AMQPTableWriter: ~Copyable {
  private var entries: UnsafeMutableBufferPointer<amqp_table_entry_t>
  private var count = 0
  private var text: UnsafeMutableRawBufferPointer
  private var textCount = 0

  init() {
    entries = .allocate(capacity: 16)
    text = .allocate(byteCount: 1_024, alignment: 1)
  }

  deinit {
    entries.deallocate()
    text.deallocate()
  }

  mutating func removeAll() {
    count = 0
    textCount = 0
  }

  var isEmpty: Bool { count == 0 }

  /// What it takes at most when it is sent: texts, and 14 bytes for lengths, kind and number of each entry.
  var encodedBytes: Int { textCount + count * 14 }

  /// Adds an entry. Names longer than 255 bytes cannot be sent and are left out.
  public mutating func append(_ name: String, _ value: AMQPValue) {
    guard name.utf8.count <= 255 else { return }
    if count == entries.count { growEntries() }
    var entry = amqp_table_entry_t()
    entry.key = keep(name)
    switch value {
    case .text(let text):
      entry.value.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
      entry.value.value.bytes = keep(text)
    case .integer(let number):
      entry.value.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
      entry.value.value.i64 = number
    case .real(let number):
      entry.value.kind = UInt8(AMQP_FIELD_KIND_F64.rawValue)
      entry.value.value.f64 = number
    case .boolean(let flag):
      entry.value.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
      entry.value.value.boolean = flag ? 1 : 0
    case .timestamp(let seconds):
      entry.value.kind = UInt8(AMQP_FIELD_KIND_TIMESTAMP.rawValue)
      entry.value.value.u64 = seconds
    }
    entries.initializeElement(at: count, to: entry)
    count += 1
  }

  /// The table; valid until this is changed.
  mutating func table() -> amqp_table_t {
    // Positions become addresses only now, since the memory moves when it grows.
    let start = text.baseAddress
    for index in 0..<count {
      entries[index].key.bytes = start.map { $0 + Int(bitPattern: entries[index].key.bytes) - 1 }
      if entries[index].value.kind == UInt8(AMQP_FIELD_KIND_UTF8.rawValue) {
        entries[index].value.value.bytes.bytes = start.map {
          $0 + Int(bitPattern: entries[index].value.value.bytes.bytes) - 1
        }
      }
    }
    return amqp_table_t(num_entries: Int32(count), entries: entries.baseAddress)
  }

  /// Copies text; the address of the result is its position plus one, until ``table()`` is called.
  private mutating func keep(_ string: String) -> amqp_bytes_t {
    let position = textCount
    var string = string
    let length = string.withUTF8 { utf8 in
      if text.count - textCount < utf8.count { growText(by: utf8.count) }
      if let source = utf8.baseAddress {
        text.baseAddress?.advanced(by: position).copyMemory(from: source, byteCount: utf8.count)
      }
      return utf8.count
    }
    textCount += length
    return amqp_bytes_t(len: length, bytes: UnsafeMutableRawPointer(bitPattern: position + 1))
  }

  private mutating func growEntries() {
    let larger = UnsafeMutableBufferPointer<amqp_table_entry_t>.allocate(capacity: entries.count * 2)
    _ = larger.moveInitialize(fromContentsOf: entries[..<count])
    entries.deallocate()
    entries = larger
  }

  private mutating func growText(by bytes: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(text.count * 2, textCount + bytes), alignment: 1)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: text[..<textCount]))
    text.deallocate()
    text = larger
  }
}
