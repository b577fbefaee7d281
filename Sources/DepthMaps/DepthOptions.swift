/// What ``DepthEstimator`` accepts. The defaults suit pictures of VGA size and poses of half a pixel.
public struct DepthOptions: Hashable, Sendable {
  /// How many pixels of a key frame are tried at most; they are spread over the picture.
  public var maximalPixels = 9_000
  /// How many pixels beside those that have a depth are tried at most.
  public var maximalGrowth = 16_000
  /// Of the pixels tried, the share that has to find a depth: where fewer do, the poses are wrong or things move, and
  /// there is no depth at all.
  public var minimalYield: Float = 0.15
  /// How many inverse depths a pixel is tried at most, in steps of two pixels in the picture that moves most, unless the
  /// epipolar line is longer than that.
  public var maximalSteps = 96
  /// Grey levels per pixel that make a pixel worth trying.
  public var minimalGradient: Float = 5
  /// The same for pixels beside those that have a depth.
  public var minimalGrowthGradient: Float = 3
  /// Least cosine between gradient and epipolar line: an edge along the line shows no depth.
  public var minimalAlignment: Float = 0.35
  /// Shortest epipolar line, pixels, over the whole range of depths.
  public var minimalLineLength: Float = 3
  /// Least zero-mean normalised cross-correlation at half size that is worth a closer look.
  public var minimalCoarseSimilarity: Float = 0.7
  /// Least zero-mean normalised cross-correlation of an accepted match.
  public var minimalSimilarity: Float = 0.8
  /// The dissimilarity (1 − correlation) of the best match is at most this share of the best match elsewhere.
  public var uniqueness: Float = 0.6
  /// Standard deviation of inverse depth over inverse depth, at most.
  public var maximalRelativeDeviation: Float = 0.05
  /// Error of the epipolar line across itself, pixels: that of poses and calibration.
  public var lineDeviation: Float = 0.4
  /// Noise of the pictures, grey levels.
  public var imageDeviation: Float = 4
  /// Within how many pixels estimates have to agree.
  public var agreementRadius: Float = 8
  /// How many estimates within the radius have to agree, at least.
  public var minimalAgreement = 3

  public init() {}
}
