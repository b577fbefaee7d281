/// The Huber kernel: squares small residuals, and grows linearly beyond a threshold, so that outliers pull with bounded
/// force.
///
/// Source: Huber 1964, "Robust estimation of a location parameter".
public struct HuberKernel: Hashable, Sendable {
  /// Residual at which the kernel turns linear, in units of the residual.
  public var threshold: Double

  public init(threshold: Double) { self.threshold = threshold }

  /// The weight of a residual in iteratively reweighted least squares, 0…1.
  public func weight(squaredResidual: Double) -> Double {
    squaredResidual <= threshold * threshold ? 1 : threshold / squaredResidual.squareRoot()
  }

  /// The cost of a residual, half of its square near zero.
  public func cost(squaredResidual: Double) -> Double {
    squaredResidual <= threshold * threshold
      ? squaredResidual / 2 : threshold * (squaredResidual.squareRoot() - threshold / 2)
  }
}

/// Random choices that are the same in every run, so that estimates can be replayed bit for bit. SplitMix64.
struct RepeatableRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A number from 0 up to, and without, `bound`.
  mutating func next(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return Int(mixed.multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// `size` different numbers below `bound`.
  mutating func sample(_ size: Int, below bound: Int) -> [Int] {
    var chosen: [Int] = []
    while chosen.count < size {
      let candidate = next(below: bound)
      if !chosen.contains(candidate) { chosen.append(candidate) }
    }
    return chosen
  }
}
