import ArrowIPC
public import NIOCore

/// Writes the chunks of one store.
///
/// Source: what Rerun calls Sorbet, version 0.1.4: one record batch a chunk, with its names as metadata.
struct RerunEncoder: Sendable {
  private struct Layout: Hashable {
    var rows: RerunLayout
    var isSorted: Bool
  }

  /// How many layouts are kept: an entity for each object would need ever more.
  private static let layoutLimit = 256

  let store: RerunStore
  private let compress: RerunCompression?
  private var ids: RerunIDs
  private var layouts: [Layout: ArrowSchema] = [:]
  private var waiting: RerunWaitingRows?
  /// Where payloads are put together: fresh memory for each takes longer than what is done in it.
  private var payload = ByteBuffer()
  /// What is kept of it.
  private static let payloadLimit = 4 << 20

  /// - Parameter joinsRows: whether rows wait for others of their layout; see ``RerunWaitingRows``.
  init(_ store: RerunStore, compress: RerunCompression?, joinsRows: Bool = false) {
    self.store = store
    self.compress = compress
    ids = RerunIDs("\(store.kind) \(store.id)")
    waiting = joinsRows ? RerunWaitingRows() : nil
  }

  mutating func storeInfo(at nanos: Int64) -> RerunMessage { .storeInfo(store, id: ids.next(nanos)) }

  /// Appends the messages that are ready with a chunk: its own, or where rows are joined, of many, or none.
  /// - Parameter nanos: when it was, for identifiers.
  mutating func write(_ chunk: RerunChunk, at nanos: Int64, to messages: inout [RerunMessage]) {
    guard waiting != nil, RerunWaitingRows.canJoin(chunk) else {
      return messages.append(message(chunk, at: nanos))
    }
    let rowIDs = rowIDs(chunk.rows, at: nanos)
    for full in waiting?.add(chunk, rowIDs, at: nanos) ?? [] {
      messages.append(message(full.chunk, full.rowIDs, id: ids.next(nanos)))
    }
  }

  /// Appends what waits.
  mutating func flush(to messages: inout [RerunMessage]) {
    for rest in waiting?.takeAll() ?? [] {
      messages.append(message(rest.chunk, rest.rowIDs, id: ids.next(rest.start)))
    }
  }

  /// - Parameter nanos: when it was, for identifiers.
  mutating func message(_ chunk: RerunChunk, at nanos: Int64) -> RerunMessage {
    let id = ids.next(nanos)
    return message(chunk, rowIDs(chunk.rows, at: nanos), id: id)
  }

  private mutating func rowIDs(_ count: Int, at nanos: Int64) -> ByteBuffer {
    var bytes = ByteBufferAllocator().buffer(capacity: 16 * count)
    for _ in 0..<count {
      let row = ids.next(nanos)
      bytes.writeInteger(row.nanos)
      bytes.writeInteger(row.increment)
    }
    return bytes
  }

  private mutating func message(_ chunk: RerunChunk, _ rowIDs: ByteBuffer, id: RerunID) -> RerunMessage {
    let columns =
      [ArrowArray.fixedSizeBinary(rowIDs, width: 16)] + chunk.times.map { .integers($0.values) }
      + chunk.columns.map(\.values)
    let size = 4_096 + chunk.bytes + chunk.rows * (16 + 8 * chunk.times.count)
    if payload.capacity > Self.payloadLimit { payload = ByteBuffer() }
    payload.clear(minimumCapacity: size)
    let layout = chunk.layout
    let schema = schema(of: chunk, layout)
    schema.write(columns, variable: id.chunkName, to: &payload)
    let summary = RerunChunkSummary(
      store: store, layout: layout, id: id, rows: chunk.rows,
      ranges: chunk.times.map { ($0.values.min() ?? 0)...($0.values.max() ?? 0) }, bytes: payload.readableBytes,
      emptyColumns: chunk.columns.indices.filter { chunk.columns[$0].isEmpty })
    return .chunk(summary, payload: payload, compressed: compress?(payload))
  }

  private mutating func schema(of chunk: RerunChunk, _ rows: RerunLayout) -> ArrowSchema {
    let isSorted = chunk.times.allSatisfy {
      $0.values.count < 2 || zip($0.values, $0.values.dropFirst()).allSatisfy(<=)
    }
    let layout = Layout(rows: rows, isSorted: isSorted)
    if let known = layouts[layout] { return known }
    let sorted = isSorted ? [ArrowMetadata("rerun:is_sorted", "true")] : []
    let times = rows.timelines.map { $0.field(sorted) }
    let schema = ArrowSchema(
      [Self.rowID(sorted: true)] + times + rows.components.map(\.field),
      metadata: [
        ArrowMetadata("rerun:entity_path", rows.entity),
        ArrowMetadata("rerun:id", RerunID(nanos: 0, increment: 0).chunkName),
        ArrowMetadata("sorbet:version", "0.1.4"),
      ], variable: "rerun:id")
    if layouts.count >= Self.layoutLimit { layouts = [:] }
    layouts[layout] = schema
    return schema
  }

  /// The column that names the rows.
  /// - Parameter sorted: whether to say that they are in order, as the rows of each chunk are.
  static func rowID(sorted: Bool) -> ArrowField {
    ArrowField(
      "rerun.controls.RowId", .fixedSizeBinary(16), isNullable: false,
      metadata: [
        ArrowMetadata("ARROW:extension:metadata", #"{"namespace":"row"}"#),
        ArrowMetadata("ARROW:extension:name", "rerun.datatypes.TUID"),
      ] + (sorted ? [ArrowMetadata("rerun:is_sorted", "true")] : []) + [ArrowMetadata("rerun:kind", "control")])
  }
}

extension RerunTimeline {
  var type: ArrowType { isTime ? .timestampNanos : .int64 }

  /// The column of a timeline.
  func field(_ more: [ArrowMetadata] = []) -> ArrowField {
    ArrowField(
      name, type, metadata: [ArrowMetadata("rerun:index_name", name), ArrowMetadata("rerun:kind", "index")] + more)
  }
}

/// Makes a block of LZ4 of a payload; `nil` where it is to be sent as it is.
public typealias RerunCompression = @Sendable (ByteBuffer) -> ByteBuffer?
