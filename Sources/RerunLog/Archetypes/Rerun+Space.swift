import ArrowIPC
import BusMessages

extension Rerun {
  /// What the axes x, y and z of a space stand for.
  public struct ViewCoordinates: RerunArchetype {
    /// x right, y forward, z up: east, north, up.
    public static let rightForwardUp = ViewCoordinates(xyz: [3, 5, 1])
    /// x right, y down, z forward: a camera's axes.
    public static let rightDownForward = ViewCoordinates(xyz: [3, 2, 5])

    let xyz: [UInt8]

    private static let xyz = RerunComponent("ViewCoordinates:xyz", "ViewCoordinates", .vector(of: .uint8, 3))

    public var columns: [RerunColumn] { [RerunColumn(Self.xyz, .vectors(of: .integers(xyz), size: 3))] }
  }

  /// Where an entity is in the space of the one above it.
  public struct Transform3D: RerunArchetype {
    public var translation: SIMD3<Float>
    /// x, y, z, w of a unit quaternion.
    public var quaternion: SIMD4<Float>?

    public init(translation: SIMD3<Float>, quaternion: SIMD4<Float>? = nil) {
      self.translation = translation
      self.quaternion = quaternion
    }

    private static let translation = RerunComponent("Transform3D:translation", "Translation3D", .position3D)
    private static let quaternion = RerunComponent("Transform3D:quaternion", "RotationQuat", .quaternion)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.translation, .points([translation]))]
        + (quaternion.map {
          [RerunColumn(Self.quaternion, .vectors(of: .floats([$0.x, $0.y, $0.z, $0.w]), size: 4))]
        } ?? [])
    }
  }

  /// A camera without distortion, its axes x right, y down, z forward.
  public struct Pinhole: RerunArchetype {
    /// Pixels.
    public var focalLength: SIMD2<Float>
    /// Pixels.
    public var principalPoint: SIMD2<Float>
    /// Pixels.
    public var resolution: SIMD2<Float>
    /// How large the camera is drawn, in the scene's unit.
    public var imagePlaneDistance: Float?

    public init(
      focalLength: SIMD2<Float>, principalPoint: SIMD2<Float>, resolution: SIMD2<Float>,
      imagePlaneDistance: Float? = nil
    ) {
      self.focalLength = focalLength
      self.principalPoint = principalPoint
      self.resolution = resolution
      self.imagePlaneDistance = imagePlaneDistance
    }

    private static let matrix = RerunComponent(
      "Pinhole:image_from_camera", "PinholeProjection", .vector(of: .float32, 9))
    private static let resolution = RerunComponent("Pinhole:resolution", "Resolution", .position2D)
    private static let axes = RerunComponent("Pinhole:camera_xyz", "ViewCoordinates", .vector(of: .uint8, 3))
    private static let distance = RerunComponent("Pinhole:image_plane_distance", "ImagePlaneDistance", .float32)

    public var columns: [RerunColumn] {
      // Column by column.
      let matrix: [Float] = [focalLength.x, 0, 0, 0, focalLength.y, 0, principalPoint.x, principalPoint.y, 1]
      return [
        RerunColumn(Self.matrix, .vectors(of: .floats(matrix), size: 9)),
        RerunColumn(Self.resolution, .points([resolution])),
        RerunColumn(Self.axes, .vectors(of: .integers(ViewCoordinates.rightDownForward.xyz), size: 3)),
      ] + (imagePlaneDistance.map { [RerunColumn(Self.distance, .floats([$0]))] } ?? [])
    }
  }

  public struct Points3D: RerunArchetype {
    public var positions: [SIMD3<Float>]
    /// One for each point.
    public var colors: [RerunColor]?
    /// One for each point.
    public var labels: [String]?
    public var radius: RerunRadius?

    public init(
      positions: [SIMD3<Float>], colors: [RerunColor]? = nil, labels: [String]? = nil, radius: RerunRadius? = nil
    ) {
      self.positions = positions
      self.colors = colors
      self.labels = labels
      self.radius = radius
    }

    fileprivate static let positions = RerunComponent("Points3D:positions", "Position3D", .position3D)
    fileprivate static let colors = RerunComponent("Points3D:colors", "Color", .uint32)
    private static let labels = RerunComponent("Points3D:labels", "Text", .utf8)
    fileprivate static let radii = RerunComponent("Points3D:radii", "Radius", .float32)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.positions, .points(positions))] + RerunColumn.optional(Self.colors, colors)
        + RerunColumn.optional(Self.labels, labels) + RerunColumn.radii(Self.radii, radius)
    }
  }

  /// A cloud as ``Points3D``, without arrays in between: it may have a million points.
  struct Cloud: RerunArchetype {
    let points: [PointCloud.Point]
    let radius: RerunRadius

    var columns: [RerunColumn] {
      let positions = ArrowArray.vectors(count: points.count) { points[$0].position }
      let colors = ArrowArray.integers(count: points.count) { index in
        let colour = points[index].colour
        return RerunColor(colour.x, colour.y, colour.z).bits
      }
      return [RerunColumn(Points3D.positions, positions), RerunColumn(Points3D.colors, colors)]
        + RerunColumn.radii(Points3D.radii, radius)
    }
  }

  /// Boxes along the axes.
  public struct Boxes3D: RerunArchetype {
    public var centers: [SIMD3<Float>]
    public var halfSizes: [SIMD3<Float>]
    public var labels: [String]?
    public var colors: [RerunColor]?

    public init(
      centers: [SIMD3<Float>], halfSizes: [SIMD3<Float>], labels: [String]? = nil, colors: [RerunColor]? = nil
    ) {
      self.centers = centers
      self.halfSizes = halfSizes
      self.labels = labels
      self.colors = colors
    }

    private static let centers = RerunComponent("Boxes3D:centers", "Translation3D", .position3D)
    private static let halfSizes = RerunComponent("Boxes3D:half_sizes", "HalfSize3D", .position3D)
    private static let labels = RerunComponent("Boxes3D:labels", "Text", .utf8)
    private static let colors = RerunComponent("Boxes3D:colors", "Color", .uint32)

    public var columns: [RerunColumn] {
      [RerunColumn(Self.centers, .points(centers)), RerunColumn(Self.halfSizes, .points(halfSizes))]
        + RerunColumn.optional(Self.labels, labels) + RerunColumn.optional(Self.colors, colors)
    }
  }

  public struct LineStrips3D: RerunArchetype {
    public var strips: [[SIMD3<Float>]]
    public var colors: [RerunColor]?
    public var radius: RerunRadius?

    public init(strips: [[SIMD3<Float>]], colors: [RerunColor]? = nil, radius: RerunRadius? = nil) {
      self.strips = strips
      self.colors = colors
      self.radius = radius
    }

    private static let strips = RerunComponent(
      "LineStrips3D:strips", "LineStrip3D", .list(of: .position3D, isNullable: false))
    private static let colors = RerunComponent("LineStrips3D:colors", "Color", .uint32)
    private static let radii = RerunComponent("LineStrips3D:radii", "Radius", .float32)

    public var columns: [RerunColumn] {
      let points = ArrowArray.points(strips.flatMap(\.self))
      return [RerunColumn(Self.strips, .lists(of: points, lengths: strips.map(\.count)))]
        + RerunColumn.optional(Self.colors, colors) + RerunColumn.radii(Self.radii, radius)
    }
  }
}
