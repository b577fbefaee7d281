import ArrowIPC
import NIOCore

/// How a viewer lays recordings out. Source: what Rerun's own SDK writes for the same layout.
public struct RerunBlueprint: Sendable {
  /// One view, or several beside each other.
  public indirect enum Part: Sendable {
    case view(View)
    case horizontal([Part], shares: [Float])
    case vertical([Part], shares: [Float])
    case tabs([Part])
  }

  public struct View: Sendable {
    /// A closed set; raw values are Rerun's.
    public enum Kind: String, Hashable, Sendable {
      case pictures = "2D"
      case space = "3D"
      case plot = "TimeSeries"
      case map = "Map"
      case log = "TextLog"
    }

    public var kind: Kind
    public var name: String
    /// The entity whose space is shown.
    public var origin: String
    /// What is shown: paths, `/**` for all below; `$origin` is the origin.
    public var contents: [String]

    public init(_ kind: Kind, _ name: String, origin: String, contents: [String] = ["$origin/**"]) {
      self.kind = kind
      self.name = name
      self.origin = origin
      self.contents = contents
    }
  }

  /// What is shown first.
  public var timeline: RerunTimeline
  public var root: Part

  public init(timeline: RerunTimeline, root: Part) {
    self.timeline = timeline
    self.root = root
  }

  /// The layout of sessions: video with what was found in it, the world, motion, map and log.
  public static let session = RerunBlueprint(
    timeline: .captureTime,
    root: .horizontal(
      [
        .vertical(
          [
            .view(View(.pictures, "Video", origin: "/", contents: ["/frame/**", "/masks/**"])),
            .horizontal(
              [
                .view(View(.plot, "Acceleration, m/s²", origin: "/telemetry/accelerometer")),
                .view(View(.plot, "Rotation, rad/s", origin: "/telemetry/gyroscope")),
              ], shares: [1, 1]),
          ], shares: [5, 2]),
        .vertical(
          [
            .view(View(.space, "World", origin: "/world")),
            .tabs([
              .view(
                View(.log, "Log", origin: "/", contents: ["/log/**", "/api_results/**"])),
              .view(View(.map, "Map", origin: "/telemetry/gps")),
            ]),
          ], shares: [5, 2]),
      ], shares: [1, 1]))

  /// The messages of the layout, for recordings of an application.
  /// - Parameter nanos: when it was made.
  func messages(for store: RerunStore, at nanos: Int64, compress: RerunCompression?) -> [RerunMessage] {
    let own = RerunStore(.blueprint, id: "\(store.id)-layout", application: store.application)
    var encoder = RerunEncoder(own, compress: compress)
    var messages = [encoder.storeInfo(at: nanos)]
    for (entity, isStatic, columns) in entities {
      let times = isStatic ? [] : [(RerunTimeline("blueprint", isTime: false), [Int64(0)])]
      messages.append(encoder.message(RerunChunk(entity, times, columns), at: nanos))
    }
    return messages + [.activation(own)]
  }

  private typealias Entity = (path: String, isStatic: Bool, columns: [RerunColumn])

  private var entities: [Entity] {
    var count = 0
    var entities: [Entity] = []
    let root = Self.add(root, &count, &entities)
    entities.append(
      (
        "/viewport", false,
        [
          RerunColumn(Self.root, .vectors(of: .integers(Self.identifier(root.number)), size: 16)),
          RerunColumn(Self.autoLayout, .booleans([false])), RerunColumn(Self.autoViews, .booleans([false])),
        ]
      ))
    // Panels: hidden 1, collapsed 2, expanded 3.
    for panel in ["/blueprint_panel", "/selection_panel"] {
      entities.append((panel, false, [RerunColumn(Self.panel, .integers([UInt8(2)]))]))
    }
    entities.append(
      (
        "/time_panel", false,
        [
          RerunColumn(Self.timePanel, .integers([UInt8(2)])), RerunColumn(Self.timeline, .texts([timeline.name])),
        ]
      ))
    // Following the newest.
    entities.append(("/time_panel", true, [RerunColumn(Self.playState, .integers([UInt8(3)]))]))
    return entities
  }

  /// - Returns: the name of the part, and its number.
  private static func add(
    _ part: Part, _ count: inout Int, _ entities: inout [Entity]
  ) -> (name: String, number: Int) {
    let number = count
    count += 1
    let (children, kind, shares, share): ([Part], UInt8, [Float], RerunComponent?)
    switch part {
    case .view(let view):
      let name = "view/\(text(number))"
      entities.append(
        (
          "/\(name)", false,
          [
            RerunColumn(viewClass, .texts([view.kind.rawValue])), RerunColumn(viewName, .texts([view.name])),
            RerunColumn(viewOrigin, .texts([view.origin])),
          ]
        ))
      entities.append(("/\(name)/ViewContents", false, [RerunColumn(query, .texts(view.contents))]))
      return (name, number)
    case .tabs(let parts): (children, kind, shares, share) = (parts, 1, [], nil)
    case .horizontal(let parts, let values): (children, kind, shares, share) = (parts, 2, values, columnShares)
    case .vertical(let parts, let values): (children, kind, shares, share) = (parts, 3, values, rowShares)
    }
    let names = children.map { add($0, &count, &entities).name }
    var columns = [
      RerunColumn(containerKind, .integers([kind])), RerunColumn(contents, .texts(names)),
    ]
    if let share { columns.append(RerunColumn(share, .floats(shares))) }
    if share == nil, let first = names.first { columns.append(RerunColumn(activeTab, .texts([first]))) }
    let name = "container/\(text(number))"
    entities.append(("/\(name)", false, columns))
    return (name, number)
  }

  /// A UUID of version 8, RFC 9562 §5.8: the same part has the same in every viewer, which keeps what a user changed.
  private static func identifier(_ number: Int) -> [UInt8] {
    Array("WrldSy".utf8) + [0x80, 0x6c, 0x80] + [0, 0, 0, 0, 0, 0] + [UInt8(truncatingIfNeeded: number + 1)]
  }

  private static func text(_ number: Int) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for (index, byte) in identifier(number).enumerated() {
      if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
      text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: text, as: UTF8.self)
  }

  // MARK: Components

  private static func component(
    _ name: String, _ type: String, _ items: ArrowType, isOwnType: Bool = true
  ) -> RerunComponent {
    RerunComponent(name, type, items, isBlueprint: (true, isOwnType))
  }

  private static let viewClass = component("ViewBlueprint:class_identifier", "ViewClass", .utf8)
  private static let viewName = component("ViewBlueprint:display_name", "Name", .utf8, isOwnType: false)
  private static let viewOrigin = component("ViewBlueprint:space_origin", "ViewOrigin", .utf8)
  private static let query = component("ViewContents:query", "QueryExpression", .utf8)
  private static let containerKind = component("ContainerBlueprint:container_kind", "ContainerKind", .uint8)
  private static let contents = component("ContainerBlueprint:contents", "IncludedContent", .utf8)
  private static let columnShares = component("ContainerBlueprint:col_shares", "ColumnShare", .float32)
  private static let rowShares = component("ContainerBlueprint:row_shares", "RowShare", .float32)
  private static let activeTab = component("ContainerBlueprint:active_tab", "ActiveTab", .utf8)
  private static let root = component("ViewportBlueprint:root_container", "RootContainer", .vector(of: .uint8, 16))
  private static let autoLayout = component("ViewportBlueprint:auto_layout", "AutoLayout", .bool)
  private static let autoViews = component("ViewportBlueprint:auto_views", "AutoViews", .bool)
  private static let panel = component("PanelBlueprint:state", "PanelState", .uint8)
  private static let timePanel = component("TimePanelBlueprint:state", "PanelState", .uint8)
  private static let timeline = component("TimePanelBlueprint:timeline", "TimelineName", .utf8)
  private static let playState = component("TimePanelBlueprint:play_state", "PlayState", .uint8)
}
