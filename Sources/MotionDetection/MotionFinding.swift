import Geometry

/// A group that moves by itself, in one frame; in pixels of the working picture.
struct MotionFinding: Sendable {
  /// Left, top, right, bottom; as with all places whole numbers are the middles of pixels.
  var box: SIMD4<Float>
  var mask: PixelMask
  /// How likely it is an object, 0…1.
  var score: Float
  /// How it moves, pixels a frame.
  var motion: GroupMotion
  /// Where its points are.
  var members: [SIMD2<Float>]
}

/// What a frame shows of motion; in pixels of the working picture.
struct MotionFindings: Sendable {
  /// From left to right.
  var findings: [MotionFinding] = []
  /// Points that have not moved by themselves.
  var restPoints: [RestPoint] = []
  /// Whether the camera stayed in its place: then all moves by itself that leaves the camera's turn.
  var isCameraInPlace = false
  /// Takes pixels of the ground in the previous picture to this one; `nil` while that is not known.
  var imageFromPrevious: Matrix3?
}
