import Tracking

extension MovingObject {
  /// How it lies in the picture and among other objects.
  struct Surroundings: Sendable {
    /// Whether its box reaches the border of the picture.
    var isAtBorder = false
    /// Largest share of its box that lies in that of another object, and of another's that lies in its own.
    var shareInOther: Float = 0
    var shareOfOther: Float = 0

    /// Pixels from the border up to which a box reaches it: patches are not followed further out.
    private static let border: Float = 3

    init() {}

    /// - Parameters:
    ///   - others: boxes of the others.
    ///   - size: of the working picture.
    init(of box: SIMD4<Float>, among others: [SIMD4<Float>], size: SIMD2<Float>) {
      let (low, high) = (box.lowHalf.min(), (size - 1 - box.highHalf).min())
      isAtBorder = min(low, high) < Self.border
      for other in others {
        shareInOther = max(shareInOther, BoxOverlap.share(of: box, in: other))
        shareOfOther = max(shareOfOther, BoxOverlap.share(of: other, in: box))
      }
    }
  }

  /// How likely it is an object that moves, and its box fits, 0…1, before a camera that stays in its place: the judge knows
  /// little of such, but what was found there moves, so that only its box may be wrong. 0 until it was found in six frames, and
  /// where it was not in the latest.
  var confidenceInPlace: Float {
    guard record.hits >= 6, unseenFrames == 0, record.odds.value > 1 else { return 0 }
    return min(record.unity.value, record.overlap.value, boxAgreement)
  }

  /// What tells how likely it is an object that moves, in the order of ``ObjectJudge/Measure``.
  var measures: SIMD32<Float> {
    let (box, quality) = (box, shape.quality)
    let size = max(BoxOverlap.area(box), 1).squareRoot()
    let speed = (velocity * velocity).sum().squareRoot()
    let ofRecord: [Float] = [
      min(Float(unseenFrames), 20) / 10, record.odds.value, logarithm(record.hits), record.overlap.value,
      record.misfit.value, record.relativeUnrest, record.unity.value, record.straightness,
      logarithm(record.distance / size + 0.05), record.support.value,
    ]
    let ofShape: [Float] = [
      quality.inside.value, quality.outside.value, quality.fill.value, quality.bare.value, quality.gain,
      logarithm(Float(patches.count) + 1), boxAgreement, record.agreement.value,
    ]
    let ofCells = [
      quality.odds.inside, quality.odds.outside, quality.others, quality.cut, quality.steadiness.value, shape.contrast,
      logarithm(record.frames),
    ]
    let others: [Float] = [
      logarithm(size), logarithm(speed / size + 0.002), record.seen.value, surroundings.isAtBorder ? 1 : 0,
      surroundings.shareInOther, surroundings.shareOfOther,
    ]
    var result = SIMD32<Float>.zero
    for (index, value) in (ofRecord + ofShape + others + ofCells).enumerated() { result[index] = value }
    return result
  }
}
