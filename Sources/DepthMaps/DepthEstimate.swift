/// The depth of one pixel.
public struct DepthEstimate: Hashable, Sendable {
  /// Column and row; whole numbers.
  public var pixel: SIMD2<Float>
  /// 1/z, z along the optical axis, in the unit of the poses.
  public var inverseDepth: Float
  /// Standard deviation of `inverseDepth`.
  public var inverseDepthDeviation: Float
  /// How well the estimate is borne out, 0…1: a rank, not a calibrated probability.
  public var confidence: Float
  /// The point in camera axes.
  public var pointInCamera: SIMD3<Float>

  public init(
    pixel: SIMD2<Float>, inverseDepth: Float, inverseDepthDeviation: Float, confidence: Float,
    pointInCamera: SIMD3<Float>
  ) {
    self.pixel = pixel
    self.inverseDepth = inverseDepth
    self.inverseDepthDeviation = inverseDepthDeviation
    self.confidence = confidence
    self.pointInCamera = pointInCamera
  }
}
