import ArrowIPC
public import MediaModel

extension Rerun {
  /// Numbers that are plotted, the same number of them in each row.
  public struct Scalars: RerunArchetype {
    /// By row.
    public var rows: [[Double]]

    public init(_ values: [Double]) { rows = [values] }

    /// - Parameter rows: the values of each row of a chunk.
    public init(rows: [[Double]]) { self.rows = rows }

    private static let scalars = RerunComponent("Scalars:scalars", "Scalar", .float64)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.scalars, .doubles(rows.flatMap(\.self)), lengths: rows.map(\.count))]
    }
  }

  /// How the numbers of an entity are plotted.
  public struct SeriesLines: RerunArchetype {
    public var names: [String]
    public var colors: [RerunColor]

    public init(names: [String], colors: [RerunColor]) {
      self.names = names
      self.colors = colors
    }

    private static let names = RerunComponent("SeriesLines:names", "Name", .utf8)
    private static let colors = RerunComponent("SeriesLines:colors", "Color", .uint32)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.names, .texts(names)), RerunColumn(Self.colors, .colors(colors))]
    }
  }

  /// Places on earth, WGS 84.
  public struct GeoPoints: RerunArchetype {
    /// Latitude and longitude, degrees.
    public var positions: [SIMD2<Double>]
    public var color: RerunColor?
    public var radius: RerunRadius?

    public init(positions: [SIMD2<Double>], color: RerunColor? = nil, radius: RerunRadius? = nil) {
      self.positions = positions
      self.color = color
      self.radius = radius
    }

    private static let positions = RerunComponent("GeoPoints:positions", "LatLon", .vector(of: .float64, 2))
    private static let colors = RerunComponent("GeoPoints:colors", "Color", .uint32)
    private static let radii = RerunComponent("GeoPoints:radii", "Radius", .float32)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.positions, .vectors(of: .doubles(positions.flatMap { [$0.x, $0.y] }), size: 2))]
        + RerunColumn.optional(Self.colors, color.map { [$0] }) + RerunColumn.radii(Self.radii, radius)
    }
  }

  /// A line on earth, WGS 84.
  public struct GeoLineStrings: RerunArchetype {
    /// Latitude and longitude, degrees.
    public var line: [SIMD2<Double>]
    public var color: RerunColor?
    public var radius: RerunRadius?

    public init(line: [SIMD2<Double>], color: RerunColor? = nil, radius: RerunRadius? = nil) {
      self.line = line
      self.color = color
      self.radius = radius
    }

    private static let lines = RerunComponent(
      "GeoLineStrings:line_strings", "GeoLineString", .list(of: .vector(of: .float64, 2), isNullable: false))
    private static let colors = RerunComponent("GeoLineStrings:colors", "Color", .uint32)
    private static let radii = RerunComponent("GeoLineStrings:radii", "Radius", .float32)

    public var columns: [RerunColumn] {
      let points = ArrowArray.vectors(of: .doubles(line.flatMap { [$0.x, $0.y] }), size: 2)
      return [RerunColumn(Self.lines, .lists(of: points, lengths: [line.count]))]
        + RerunColumn.optional(Self.colors, color.map { [$0] }) + RerunColumn.radii(Self.radii, radius)
    }
  }

  /// A line of a log.
  public struct TextLog: RerunArchetype {
    /// How much it matters; a closed set.
    public enum Level: String, Hashable, Sendable {
      case error = "ERROR"
      case warning = "WARN"
      case info = "INFO"
      case debug = "DEBUG"
    }

    public var text: String
    public var level: Level

    public init(_ text: String, level: Level = .info) {
      self.text = text
      self.level = level
    }

    private static let text = RerunComponent("TextLog:text", "Text", .utf8)
    private static let level = RerunComponent("TextLog:level", "TextLogLevel", .utf8)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.text, .texts([text])), RerunColumn(Self.level, .texts([level.rawValue]))]
    }
  }

  /// What a list of recordings says of one; belongs to the entity `/__properties`.
  public struct RecordingInfo: RerunArchetype {
    public var name: String
    public var start: WallTime

    public init(name: String, start: WallTime) {
      self.name = name
      self.start = start
    }

    /// The entity.
    public static let entity = "/__properties"

    private static let start = RerunComponent("RecordingInfo:start_time", "Timestamp", .int64)
    private static let name = RerunComponent("RecordingInfo:name", "Name", .utf8)

    public var columns: [RerunColumn] {
      [
        RerunColumn(Self.start, .integers([start.nanosSince1970])), RerunColumn(Self.name, .texts([name])),
      ]
    }
  }
}
