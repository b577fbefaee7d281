import ArrowIPC

/// A column of a chunk: values of one kind, some for each row.
public struct RerunColumn: Sendable {
  let component: RerunComponent
  private(set) var values: ArrowArray
  private(set) var rows: Int

  /// - Parameter items: of one row.
  init(_ component: RerunComponent, _ items: ArrowArray) { self.init(component, items, lengths: [items.count]) }

  /// - Parameter lengths: items of each row.
  init(_ component: RerunComponent, _ items: ArrowArray, lengths: [Int]) {
    self.component = component
    values = .lists(of: items, lengths: lengths)
    rows = lengths.count
    isEmpty = items.count == 0
  }

  /// Whether no row has an item.
  private(set) var isEmpty: Bool

  /// Adds the rows of a column of the same component.
  mutating func append(_ other: RerunColumn) {
    values.append(other.values, of: component.field.type)
    rows += other.rows
    isEmpty = isEmpty && other.isEmpty
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

  var rows: Int { columns.first?.rows ?? 0 }
  /// Bytes of its values.
  var bytes: Int { columns.reduce(0) { $0 + $1.values.bytes } }

  var layout: RerunLayout {
    RerunLayout(entity: entity, timelines: times.map(\.timeline), components: columns.map(\.component))
  }

  /// Adds the rows of a chunk of the same layout.
  mutating func append(_ other: RerunChunk) {
    for index in times.indices { times[index].values += other.times[index].values }
    for index in columns.indices { columns[index].append(other.columns[index]) }
  }
}

/// What chunks have in common that differ in their rows only.
struct RerunLayout: Hashable, Sendable {
  var entity: String
  /// None: what it says holds at all times.
  var timelines: [RerunTimeline]
  var components: [RerunComponent]
}
