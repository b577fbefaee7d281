/// What tells over time whether something that was followed is an object that moves.
struct ObjectRecord: Sendable {
  /// Means over the latest frames, each frame counting a tenth: of the logarithm of a finding's odds, ...
  private var odds: Float
  /// ... of the overlap of findings with where the object was held to be, ...
  private var overlap: Float = 0.5
  /// ... of how findings' areas differ from the object's, as logarithms, ...
  private var misfit: Float = 0.5
  /// ... of how its velocity changes, pixels a frame, ...
  private var unrest: Float = 0.5
  /// ... and of the share of its patches that move as one.
  private var unity: Float = 0.7
  private var latestVelocity: SIMD2<Float>
  /// Its way against the ground, pixels, and the length of it.
  private var way = SIMD2<Float>.zero
  private var length: Float = 0
  private var hits: Float = 1
  /// Mean of how much clearer than rest its motion explains its pixels, −1…1.
  private var support: Float = 0.2

  init(score: Float, velocity: SIMD2<Float>) {
    odds = Self.odds(score)
    latestVelocity = velocity
  }

  private static func odds(_ score: Float) -> Float {
    min(max(logarithm(max(score, 1e-4) / max(1 - score, 1e-4)), -3), 4)
  }

  /// A frame in which it was followed.
  /// - Parameters:
  ///   - velocity: its motion against the ground in this frame, pixels.
  ///   - unity: share of its patches that moved as one.
  mutating func follow(velocity: SIMD2<Float>, unity: Float) {
    let change = velocity - latestVelocity
    unrest += 0.1 * ((change * change).sum().squareRoot() - unrest)
    latestVelocity = velocity
    self.unity += 0.1 * (unity - self.unity)
    way = way * 0.97 + velocity
    length = length * 0.97 + (velocity * velocity).sum().squareRoot()
  }

  /// - Parameter gain: how much clearer than rest its motion explained its pixels in a frame.
  mutating func look(gain: Float) { support += 0.1 * (gain - support) }

  /// Its motion was seen, in a frame in which it was followed.
  mutating func see(score: Float, overlap: Float, areaRatio: Float) {
    hits += 1
    odds += 0.1 * (Self.odds(score) - odds)
    self.overlap += 0.1 * (overlap - self.overlap)
    misfit += 0.1 * (abs(logarithm(max(areaRatio, 0.05))) - misfit)
  }

  /// What tells whether it is an object, in the order of ``ObjectJudge/Measure``.
  /// - Parameters:
  ///   - unseenFrames: frames in a row that did not show its motion.
  ///   - size: square root of its area, pixels.
  func measures(unseenFrames: Int, size: Float, _ quality: ShapeQuality, patches: Int) -> SIMD16<Float> {
    let speed = (latestVelocity * latestVelocity).sum().squareRoot()
    let far = (way * way).sum().squareRoot()
    return SIMD16(
      min(Float(unseenFrames), 20) / 10, odds, logarithm(hits), overlap, misfit,
      logarithm((unrest + 0.02) / (speed + 0.1)), unity, far / max(length, 0.5), logarithm(far / max(size, 1) + 0.05),
      support, quality.inside, quality.outside, quality.fill, quality.bare, quality.gain, logarithm(Float(patches) + 1))
  }
}
