import ArrowIPC

/// Something that can be logged: what one row of an entity has.
public protocol RerunArchetype: Sendable {
  /// Which values are given and which are left out decides the columns.
  var columns: [RerunColumn] { get }
}

/// Colours as Rerun has them: red, green, blue and alpha from the highest byte down.
public struct RerunColor: Hashable, Sendable {
  public var bits: UInt32

  /// - Parameter bits: `0xRRGGBBAA`.
  public init(_ bits: UInt32) { self.bits = bits }

  /// An opaque colour.
  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    bits = UInt32(red) << 24 | UInt32(green) << 16 | UInt32(blue) << 8 | 255
  }
}

// What fields are made of.
extension ArrowArray {
  static func points(_ values: [SIMD2<Float>]) -> ArrowArray {
    .vectors(of: .floats(values.flatMap { [$0.x, $0.y] }), size: 2)
  }

  static func points(_ values: [SIMD3<Float>]) -> ArrowArray { .vectors(values) }

  static func colors(_ values: [RerunColor]) -> ArrowArray { .integers(values.map { $0.bits }) }
}

extension RerunColumn {
  static func radii(_ component: RerunComponent, _ radius: RerunRadius?) -> [RerunColumn] {
    radius.map { [RerunColumn(component, .floats([$0.value]))] } ?? []
  }

  /// The column of values that are there.
  static func optional(_ component: RerunComponent, _ colors: [RerunColor]?) -> [RerunColumn] {
    colors.map { [RerunColumn(component, .colors($0))] } ?? []
  }

  static func optional(_ component: RerunComponent, _ texts: [String]?) -> [RerunColumn] {
    texts.map { [RerunColumn(component, .texts($0))] } ?? []
  }

  static func optional(_ component: RerunComponent, classes: [UInt16]?) -> [RerunColumn] {
    classes.map { [RerunColumn(component, .integers($0))] } ?? []
  }
}

/// How thick something is drawn.
public struct RerunRadius: Hashable, Sendable {
  /// Positive in the scene's unit, negative in points of the screen.
  let value: Float

  /// In the unit of the scene.
  public static func scene(_ length: Float) -> RerunRadius { RerunRadius(value: length) }

  /// In points of the screen, however far away.
  public static func screen(_ points: Float) -> RerunRadius { RerunRadius(value: -points) }
}

/// Arrow types of Rerun's components.
extension ArrowType {
  static let position2D = ArrowType.vector(of: .float32, 2)
  static let position3D = ArrowType.vector(of: .float32, 3)
  static let quaternion = ArrowType.vector(of: .float32, 4)
  static let blob = ArrowType.list(of: .uint8, isNullable: false)
}
