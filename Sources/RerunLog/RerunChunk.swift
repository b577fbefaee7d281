import ArrowIPC
public import NIOCore

/// A column of a chunk: values of one kind, some for each row.
public struct RerunColumn: Sendable {
  let component: RerunComponent
  let values: ArrowArray
  let rows: Int

  /// - Parameter items: of one row.
  init(_ component: RerunComponent, _ items: ArrowArray) { self.init(component, items, lengths: [items.count]) }

  /// - Parameter lengths: items of each row.
  init(_ component: RerunComponent, _ items: ArrowArray, lengths: [Int]) {
    self.component = component
    values = .lists(of: items, lengths: lengths)
    rows = lengths.count
  }
}

/// A kind of value that Rerun knows.
struct RerunComponent: Hashable, Sendable {
  /// `Archetype:field`.
  let name: String
  let field: ArrowField

  /// - Parameters:
  ///   - name: `Archetype:field`.
  ///   - type: its name in Rerun, without the name space.
  ///   - items: what its values are.
  init(_ name: String, _ type: String, _ items: ArrowType, isBlueprint: (archetype: Bool, type: Bool) = (false, false))
  {
    let archetype = name.prefix { $0 != ":" }
    self.name = name
    field = ArrowField(
      name, .list(of: items),
      metadata: [
        ArrowMetadata("rerun:archetype", "rerun.\(isBlueprint.archetype ? "blueprint." : "")archetypes.\(archetype)"),
        ArrowMetadata("rerun:component", name),
        ArrowMetadata("rerun:component_type", "rerun.\(isBlueprint.type ? "blueprint." : "")components.\(type)"),
        ArrowMetadata("rerun:kind", "data"),
      ])
  }

  static func == (left: RerunComponent, right: RerunComponent) -> Bool { left.name == right.name }

  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// What rows are ordered by.
public struct RerunTimeline: Hashable, Sendable {
  public var name: String
  /// Whether its values are nanoseconds since 1970, and not numbers that count.
  public var isTime: Bool

  public init(_ name: String, isTime: Bool) {
    self.name = name
    self.isTime = isTime
  }

  /// When a picture was taken, or a sensor read.
  public static let captureTime = RerunTimeline("capture_time", isTime: true)
  /// The number of the frame in its stream.
  public static let frame = RerunTimeline("frame", isTime: false)
}

/// Rows of one entity. No row is without one of the columns.
public struct RerunChunk: Sendable {
  /// The path of the entity, which begins with `/`.
  public var entity: String
  /// The value of each row on each timeline; none: it holds at all times.
  public var times: [(timeline: RerunTimeline, values: [Int64])]
  /// At least one, all with the same number of rows.
  public var columns: [RerunColumn]

  public init(_ entity: String, _ times: [(timeline: RerunTimeline, values: [Int64])] = [], _ columns: [RerunColumn]) {
    self.entity = entity
    self.times = times
    self.columns = columns
  }
}

/// Writes the chunks of one store.
///
/// Source: what Rerun calls Sorbet, version 0.1.4: one record batch a chunk, with its names as metadata.
struct RerunEncoder: Sendable {
  private struct Layout: Hashable {
    var entity: String
    var timelines: [RerunTimeline]
    var isSorted: Bool
    var components: [RerunComponent]
  }

  /// How many layouts are kept: an entity for each object would need ever more.
  private static let layoutLimit = 256

  let store: RerunStore
  private let compress: RerunCompression?
  private var ids: RerunIDs
  private var layouts: [Layout: ArrowSchema] = [:]

  init(_ store: RerunStore, compress: RerunCompression?) {
    self.store = store
    self.compress = compress
    ids = RerunIDs("\(store.kind) \(store.id)")
  }

  mutating func storeInfo(at nanos: Int64) -> RerunMessage { .storeInfo(store, id: ids.next(nanos)) }

  /// - Parameter nanos: when it was, for identifiers.
  mutating func message(_ chunk: RerunChunk, at nanos: Int64) -> RerunMessage {
    let rows = chunk.columns.first?.rows ?? 0
    let id = ids.next(nanos)
    var rowIDs = ByteBufferAllocator().buffer(capacity: 16 * rows)
    for _ in 0..<rows {
      let row = ids.next(nanos)
      rowIDs.writeInteger(row.nanos)
      rowIDs.writeInteger(row.increment)
    }
    let columns =
      [ArrowArray.fixedSizeBinary(rowIDs, width: 16)] + chunk.times.map { .integers($0.values) }
      + chunk.columns.map(\.values)
    let payloadSize = chunk.columns.reduce(4_096) { $0 + $1.values.bytes }
    var payload = ByteBufferAllocator().buffer(capacity: payloadSize)
    schema(of: chunk).write(columns, variable: id.chunkName, to: &payload)
    return .chunk(
      store, entity: chunk.entity, id: id, isStatic: chunk.times.isEmpty, payload: payload,
      compressed: compress?(payload))
  }

  private mutating func schema(of chunk: RerunChunk) -> ArrowSchema {
    let isSorted = chunk.times.allSatisfy {
      $0.values.count < 2 || zip($0.values, $0.values.dropFirst()).allSatisfy(<=)
    }
    let layout = Layout(
      entity: chunk.entity, timelines: chunk.times.map(\.timeline), isSorted: isSorted,
      components: chunk.columns.map(\.component))
    if let known = layouts[layout] { return known }
    let sorted = isSorted ? [ArrowMetadata("rerun:is_sorted", "true")] : []
    let times = layout.timelines.map { timeline in
      ArrowField(
        timeline.name, timeline.isTime ? .timestampNanos : .int64,
        metadata: [ArrowMetadata("rerun:index_name", timeline.name), ArrowMetadata("rerun:kind", "index")] + sorted)
    }
    let schema = ArrowSchema(
      [Self.rowID] + times + layout.components.map(\.field),
      metadata: [
        ArrowMetadata("rerun:entity_path", chunk.entity),
        ArrowMetadata("rerun:id", RerunID(nanos: 0, increment: 0).chunkName),
        ArrowMetadata("sorbet:version", "0.1.4"),
      ], variable: "rerun:id")
    if layouts.count >= Self.layoutLimit { layouts = [:] }
    layouts[layout] = schema
    return schema
  }

  private static let rowID = ArrowField(
    "rerun.controls.RowId", .fixedSizeBinary(16), isNullable: false,
    metadata: [
      ArrowMetadata("ARROW:extension:metadata", #"{"namespace":"row"}"#),
      ArrowMetadata("ARROW:extension:name", "rerun.datatypes.TUID"), ArrowMetadata("rerun:is_sorted", "true"),
      ArrowMetadata("rerun:kind", "control"),
    ])
}

/// Makes a block of LZ4 of a payload; `nil` where it is to be sent as it is.
public typealias RerunCompression = @Sendable (ByteBuffer) -> ByteBuffer?
