/// What tells over time whether something that was followed is an object that moves.
struct ObjectRecord: Sendable {
  /// Logarithm of a finding's odds.
  private(set) var odds: FadingMean
  /// Overlap of findings with where the object was held to be.
  private(set) var overlap = FadingMean(0.5)
  /// How findings' areas differ from the object's, as logarithms.
  private(set) var misfit = FadingMean(0.5)
  /// Overlap of findings' pixels with those that were held to be the object's.
  private(set) var agreement = FadingMean(0.5)
  /// How its velocity changes, pixels a frame.
  private var unrest = FadingMean(0.5)
  /// Share of its patches that move as one.
  private(set) var unity = FadingMean(0.7)
  /// How much clearer than rest its motion explains its pixels, −1…1.
  private(set) var support = FadingMean(0.2)
  /// Share of frames that show it moving.
  private(set) var seen = FadingMean(1)
  private var latestVelocity: SIMD2<Float>
  /// Its way against the ground, pixels, and the length of it; what is old fades.
  private var way = SIMD2<Float>.zero
  private var length: Float = 0
  /// Frames in which its motion was seen.
  private(set) var hits: Float = 1
  /// Frames since it was found first, and one.
  private(set) var frames: Float = 1

  init(score: Float, velocity: SIMD2<Float>) {
    odds = FadingMean(Self.odds(score))
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
    let step = velocity - latestVelocity
    unrest.take((step * step).sum().squareRoot())
    latestVelocity = velocity
    self.unity.take(unity)
    way = way * 0.97 + velocity
    length = length * 0.97 + (velocity * velocity).sum().squareRoot()
  }

  /// - Parameter gain: how much clearer than rest its motion explained its pixels in a frame.
  mutating func look(gain: Float) { support.take(gain) }

  /// Its motion was seen, in a frame in which it was followed.
  mutating func see(score: Float, overlap: Float, areaRatio: Float, agreement: Float) {
    hits += 1
    odds.take(Self.odds(score))
    self.overlap.take(overlap)
    misfit.take(abs(logarithm(max(areaRatio, 0.05))))
    self.agreement.take(agreement)
  }

  /// A frame ends.
  /// - Parameter isSeen: whether it showed the object moving.
  mutating func end(isSeen: Bool) {
    seen.take(isSeen ? 1 : 0)
    frames += 1
  }

  /// Logarithm of the ratio of its velocity's changes to its velocity.
  var relativeUnrest: Float {
    logarithm((unrest.value + 0.02) / ((latestVelocity * latestVelocity).sum().squareRoot() + 0.1))
  }

  /// How far it went, pixels; what is long ago counts less.
  var distance: Float { (way * way).sum().squareRoot() }

  /// How far it went, by the length of its way.
  var straightness: Float { distance / max(length, 0.5) }
}
