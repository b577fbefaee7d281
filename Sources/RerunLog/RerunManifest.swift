import ArrowIPC
import Crypto
import NIOCore
import ProtobufWire

/// What the end of a file says of the chunks of one store: where each is, and what is in it, so that a reader can take
/// those that it needs. A table with a row for each chunk.
///
/// Source: what Rerun 0.41 writes itself.
struct RerunManifest: Sendable {
  private struct Chunk {
    var layout: Int
    var id: RerunID
    var place: Int
    var bytes: Int
    var uncompressedBytes: Int
    var rows: Int
    /// Where its times begin: the first and the last on each timeline of its layout.
    var times: Int
  }

  /// What is known of the chunks of one layout.
  private struct Group {
    let layout: RerunLayout
    var chunks: [Int] = []
    /// Components of which some row has an item.
    var filled: Set<RerunComponent> = []

    var isStatic: Bool { layout.timelines.isEmpty }
  }

  private var chunks: [Chunk] = []
  private var times: [Int64] = []
  private var groups: [Group] = []
  private var places: [RerunLayout: Int] = [:]

  /// - Parameters:
  ///   - place: of the message in the file, without what stands in front of it.
  ///   - bytes: its length.
  mutating func add(_ summary: RerunChunkSummary, at place: Int, bytes: Int) {
    let index = places[summary.layout] ?? groups.count
    if index == groups.count {
      groups.append(Group(layout: summary.layout))
      places[summary.layout] = index
    }
    groups[index].chunks.append(chunks.count)
    for (column, component) in summary.layout.components.enumerated() where !summary.emptyColumns.contains(column) {
      groups[index].filled.insert(component)
    }
    chunks.append(
      Chunk(
        layout: index, id: summary.id, place: place, bytes: bytes, uncompressedBytes: summary.bytes,
        rows: summary.rows, times: times.count))
    for range in summary.ranges { times += [range.lowerBound, range.upperBound] }
  }

  /// Appends `RrdFooter.manifests`.
  func write(for store: RerunStore, compress: RerunCompression?, to buffer: inout ByteBuffer) {
    var (schema, table) = (ByteBuffer(), ByteBuffer())
    let fields = schemaFields
    ArrowSchema(fields).write(to: &schema)
    // Names the schema. Rerun's own are of how it encodes the same; none of its released programs compares them.
    var hash = SHA256()
    schema.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
    let columns = columns
    ArrowSchema(columns.map(\.field)).write(columns.map(\.values), to: &table)
    let block = compress?(table)
    var manifest = ByteBuffer()
    manifest.writeProtobuf(1) { store.encode(to: &$0) }
    manifest.writeProtobuf(2) { $0.writeProtobuf(1, bytes: schema) }
    manifest.writeProtobuf(3, bytes: ByteBuffer(bytes: hash.finalize()))
    manifest.writeProtobuf(4) { part in
      part.writeProtobuf(1, integer: 1)
      part.writeProtobuf(2, bytes: block ?? table)
      part.writeProtobuf(3, integer: block == nil ? 1 : 2)
      part.writeProtobuf(4, integer: Int64(table.readableBytes))
    }
    buffer.writeProtobuf(1, bytes: manifest)
  }

  // MARK: The schema of the recording: every column of every entity, by name

  private var schemaFields: [ArrowField] {
    var found: [String: (component: RerunComponent, entity: String, isStatic: Bool, isFilled: Bool)] = [:]
    for group in groups {
      for component in group.layout.components {
        let name = Self.columnName(component, of: group.layout.entity)
        let known = found[name]
        found[name] = (
          component, group.layout.entity, group.isStatic || known?.isStatic == true,
          group.filled.contains(component) || known?.isFilled == true
        )
      }
    }
    let data = found.map { name, column in
      var metadata = column.component.field.metadata + [ArrowMetadata("rerun:entity_path", column.entity)]
      if column.isStatic { metadata.append(ArrowMetadata("rerun:is_static", "true")) }
      if column.component.name.hasPrefix("Clear:") { metadata.append(ArrowMetadata("rerun:is_tombstone", "true")) }
      if !column.isFilled { metadata.append(ArrowMetadata("rerun:is_semantically_empty", "true")) }
      return ArrowField(name, column.component.field.type, metadata: metadata.sorted { $0.key < $1.key })
    }
    return ([RerunEncoder.rowID(sorted: false)] + timelines.map { $0.field() } + data).sorted { $0.name < $1.name }
  }

  private static func columnName(_ component: RerunComponent, of entity: String) -> String {
    let properties = Rerun.RecordingInfo.entity
    return "\(entity == properties ? "property" : entity):\(component.name)"
  }

  private var timelines: [RerunTimeline] {
    Set(groups.flatMap(\.layout.timelines)).sorted { $0.name < $1.name }
  }

  private var components: [RerunComponent] {
    Set(groups.flatMap(\.layout.components)).sorted { $0.name < $1.name }
  }
}

// MARK: The table

extension RerunManifest {
  private typealias Column = (field: ArrowField, values: ArrowArray)

  private var columns: [Column] {
    let components = components
    var columns = whatAndWhere + components.map(whetherStatic)
    for timeline in timelines { columns += range(on: timeline, of: nil) }
    for timeline in timelines {
      for component in components { columns += range(on: timeline, of: component) }
    }
    return columns
  }

  private var whatAndWhere: [Column] {
    var ids = ByteBufferAllocator().buffer(capacity: 16 * chunks.count)
    for chunk in chunks {
      ids.writeInteger(chunk.id.nanos)
      ids.writeInteger(chunk.id.increment)
    }
    func numbers(_ name: String, _ value: (Chunk) -> Int) -> Column {
      (ArrowField(name, .uint64, isNullable: false), .integers(chunks.map { UInt64(value($0)) }))
    }
    return [
      (
        ArrowField("chunk_entity_path", .utf8, isNullable: false),
        .texts(chunks.map { groups[$0.layout].layout.entity })
      ),
      (ArrowField("chunk_id", .fixedSizeBinary(16), isNullable: false), .fixedSizeBinary(ids, width: 16)),
      (
        ArrowField("chunk_is_static", .bool, isNullable: false),
        .booleans(chunks.map { groups[$0.layout].isStatic })
      ),
      numbers("chunk_num_rows", \.rows), numbers("chunk_byte_offset", \.place), numbers("chunk_byte_size", \.bytes),
      numbers("chunk_byte_size_uncompressed", \.uncompressedBytes),
    ]
  }

  private func whetherStatic(_ component: RerunComponent) -> Column {
    let groupHas = groups.map { $0.isStatic && $0.layout.components.contains(component) }
    return (
      ArrowField(
        "\(component.name):has_static_data", .bool, isNullable: false,
        metadata: Self.metadata(of: component, index: "rerun:static")), .booleans(chunks.map { groupHas[$0.layout] })
    )
  }

  /// The first and last time of each chunk, and of a component, how many rows have it; nothing where no chunk has any.
  private func range(on timeline: RerunTimeline, of component: RerunComponent?) -> [Column] {
    typealias Values = [(place: Int, value: Int64)]
    var (first, last, rows): (Values, Values, Values) = ([], [], [])
    for group in groups {
      guard let index = group.layout.timelines.firstIndex(of: timeline),
        component.map(group.layout.components.contains) ?? true
      else { continue }
      for place in group.chunks {
        let chunk = chunks[place]
        first.append((place, times[chunk.times + 2 * index]))
        last.append((place, times[chunk.times + 2 * index + 1]))
        rows.append((place, Int64(chunk.rows)))
      }
    }
    guard !first.isEmpty else { return [] }
    let name = timeline.name + (component.map { ":\($0.name)" } ?? "")
    let metadata = Self.metadata(of: component, index: timeline.name)
    func column(_ suffix: String, _ type: ArrowType, _ values: Values, otherwise: Int64?) -> Column {
      (
        ArrowField("\(name):\(suffix)", type, metadata: metadata),
        .integers(values, count: chunks.count, otherwise: otherwise)
      )
    }
    return [column("start", timeline.type, first, otherwise: nil), column("end", timeline.type, last, otherwise: nil)]
      + (component == nil ? [] : [column("num_rows", .uint64, rows, otherwise: 0)])
  }

  private static func metadata(of component: RerunComponent?, index: String) -> [ArrowMetadata] {
    let names = component?.field.metadata.filter { $0.key != "rerun:kind" } ?? []
    return (names + [ArrowMetadata("rerun:index", index)]).sorted { $0.key < $1.key }
  }
}
