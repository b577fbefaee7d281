import NIOCore

/// Rows that wait for others of their layout, for files: a chunk of one row is mostly names, and a reader has to look at
/// each. Bounded: what is full is given out.
struct RerunWaitingRows: Sendable {
  struct Rows: Sendable {
    var chunk: RerunChunk
    /// 16 bytes a row.
    var rowIDs: ByteBuffer
    /// When the first was.
    let start: Int64
  }

  private static let rowLimit = 1_024
  private static let byteLimit = 512 << 10
  /// How much of a session a reader has to take at once.
  private static let longest: Int64 = 10_000_000_000
  /// Layouts that wait at the same time: an entity for each object would need ever more.
  private static let layoutLimit = 128

  private var places: [RerunLayout: Int] = [:]
  private var waiting: [Rows] = []

  init() {}

  /// Whether a chunk may wait: what holds at all times does not, nor what is large.
  static func canJoin(_ chunk: RerunChunk) -> Bool {
    !chunk.times.isEmpty && chunk.rows < rowLimit && chunk.bytes < byteLimit
  }

  /// - Returns: what is not to wait any longer.
  mutating func add(_ chunk: RerunChunk, _ rowIDs: ByteBuffer, at nanos: Int64) -> [Rows] {
    let layout = chunk.layout
    guard let place = places[layout] else {
      let full = waiting.count < Self.layoutLimit ? [] : takeAll()
      places[layout] = waiting.count
      waiting.append(Rows(chunk: chunk, rowIDs: rowIDs, start: nanos))
      return full
    }
    let rows = waiting[place].chunk.rows + chunk.rows
    let isFull =
      rows > Self.rowLimit || waiting[place].chunk.bytes + chunk.bytes > Self.byteLimit
      || abs(nanos - waiting[place].start) >= Self.longest
    if isFull {
      let full = waiting[place]
      waiting[place] = Rows(chunk: chunk, rowIDs: rowIDs, start: nanos)
      return [full]
    }
    waiting[place].chunk.append(chunk)
    waiting[place].rowIDs.writeImmutableBuffer(rowIDs)
    return []
  }

  /// All of them, in the order in which their layouts first came.
  mutating func takeAll() -> [Rows] {
    defer {
      places = [:]
      waiting = []
    }
    return waiting
  }
}
