public import Geometry
import MultiView

/// How far a path is from the truth: absolute trajectory error and coverage.
///
/// Source: Sturm et al. 2012, "A Benchmark for the Evaluation of RGB-D SLAM Systems", §IV-B; aligned as Umeyama 1991.
public struct TrajectoryError: Hashable, Sendable {
  /// Root mean square distance after the alignment, metres.
  public var rootMeanSquare: Double
  /// Poses of the truth that have an estimate, as a share of all.
  public var coverage: Double
  /// True lengths over estimated ones; 1 when lengths were not aligned.
  public var scale: Double
  /// Length of the true path along those poses, metres.
  public var pathLength: Double

  /// - Parameters:
  ///   - truth: in the order of times.
  ///   - estimate: in the order of times.
  ///   - withScale: whether lengths may be aligned too, as for a path of unknown scale.
  /// - Returns: `nil` when fewer than three poses have the same time, to half the usual step of the truth.
  public init?(truth: [TimedPose], estimate: [TimedPose], withScale: Bool) {
    let steps = zip(truth, truth.dropFirst()).map { $1.nanos - $0.nanos }.filter { $0 > 0 }.sorted()
    guard let step = steps.isEmpty ? nil : steps[steps.count / 2] else { return nil }
    var pairs: [(truth: SIMD3<Double>, estimate: SIMD3<Double>)] = []
    var next = 0
    for pose in truth {
      while next + 1 < estimate.count,
        abs(estimate[next + 1].nanos - pose.nanos) <= abs(estimate[next].nanos - pose.nanos)
      {
        next += 1
      }
      guard next < estimate.count, 2 * abs(estimate[next].nanos - pose.nanos) <= step else { continue }
      pairs.append((pose.worldFromCamera.translation, estimate[next].worldFromCamera.translation))
    }
    guard
      let aligned = SimilarityAlignment.targetFromSource(
        pairs.map(\.estimate), pairs.map(\.truth), withScale: withScale)
    else { return nil }
    let squares = pairs.reduce(0) { sum, pair in
      let error = aligned * pair.estimate - pair.truth
      return sum + error.dot(error)
    }
    rootMeanSquare = (squares / Double(pairs.count)).squareRoot()
    coverage = Double(pairs.count) / Double(truth.count)
    scale = aligned.scale
    pathLength = zip(pairs, pairs.dropFirst()).reduce(0) { $0 + ($1.1.truth - $1.0.truth).norm }
  }
}
