/// A similarity: scale, rotation and translation, for maps whose scale is unknown or drifts.
///
/// Named `aFromB` as a rigid motion is: `pointInA = scale · (rotation · pointInB) + translation`.
public struct Sim3: Hashable, Sendable {
  /// Greater than zero.
  public var scale: Double
  public var rotation: SO3
  /// The origin of b in a, in units of a.
  public var translation: SIMD3<Double>

  public static let identity = Sim3(scale: 1, rotation: .identity, translation: .zero)

  public init(scale: Double, rotation: SO3, translation: SIMD3<Double>) {
    self.scale = scale
    self.rotation = rotation
    self.translation = translation
  }

  /// A rigid motion between frames of one unit.
  public init(_ rigid: SE3) { self.init(scale: 1, rotation: rigid.rotation, translation: rigid.translation) }

  public var inverse: Sim3 {
    let back = rotation.inverse
    return Sim3(scale: 1 / scale, rotation: back, translation: back * translation * (-1 / scale))
  }

  /// `aFromC = aFromB * bFromC`.
  public static func * (a: Sim3, b: Sim3) -> Sim3 {
    Sim3(scale: a.scale * b.scale, rotation: a.rotation * b.rotation, translation: a * b.translation)
  }

  /// `pointInA = aFromB * pointInB`.
  public static func * (transform: Sim3, point: SIMD3<Double>) -> SIMD3<Double> {
    transform.scale * (transform.rotation * point) + transform.translation
  }

  /// Where a pose given in b stands in a, with lengths in units of a: `aFromCamera` of `bFromCamera`.
  public func moved(_ bFromCamera: SE3) -> SE3 {
    SE3(rotation: rotation * bFromCamera.rotation, translation: self * bFromCamera.translation)
  }
}
