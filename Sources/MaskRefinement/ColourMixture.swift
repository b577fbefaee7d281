#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which colours something has: a mixture of normal distributions over luma, Cb and Cr.
///
/// Source: Rother, Kolmogorov and Blake 2004, "GrabCut"; the first clusters by Orchard and Bouman 1991, "Color Quantization
/// of Images", which needs no random numbers.
struct ColourMixture: Sendable {
  /// Variance that every colour has, so that areas of one colour are no points.
  private static let noise: Float = 6

  private struct Component: Sendable {
    var mean: SIMD3<Float>
    /// Of the inverse covariance: xx, yy, zz, and xy, xz, yz.
    var diagonal: SIMD3<Float>
    var mixed: SIMD3<Float>
    /// Logarithm of weight over root of determinant.
    var logWeight: Float

    @inline(__always) func exponent(_ colour: SIMD3<Float>) -> Float {
      let d = colour - mean
      let quadratic = (d * d * diagonal).sum() + 2 * (mixed.x * d.x * d.y + mixed.y * d.x * d.z + mixed.z * d.y * d.z)
      return logWeight - quadratic / 2
    }
  }

  private struct Cluster {
    var members: [Int32]
    var mean: SIMD3<Float>
    /// xx, yy, zz and xy, xz, yz.
    var variance: SIMD3<Float>
    var mixed: SIMD3<Float>

    init(_ members: [Int32], of colours: [SIMD3<Float>]) {
      self.members = members
      var sum = SIMD3<Double>.zero
      for member in members { sum += SIMD3<Double>(colours[Int(member)]) }
      let centre = sum / Double(max(members.count, 1))
      var (squares, products) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
      for member in members {
        let d = SIMD3<Double>(colours[Int(member)]) - centre
        squares += d * d
        products += SIMD3(d.x * d.y, d.x * d.z, d.y * d.z)
      }
      mean = SIMD3(centre)
      variance = SIMD3(squares / Double(max(members.count, 1)))
      mixed = SIMD3(products / Double(max(members.count, 1)))
    }

    func times(_ v: SIMD3<Float>) -> SIMD3<Float> {
      SIMD3(
        variance.x * v.x + mixed.x * v.y + mixed.y * v.z, mixed.x * v.x + variance.y * v.y + mixed.z * v.z,
        mixed.y * v.x + mixed.z * v.y + variance.z * v.z)
    }

    /// Direction of the largest variance, and how large it is in all.
    var principal: (direction: SIMD3<Float>, spread: Float) {
      var direction = SIMD3<Float>(1, 0.6, 0.4) + variance / max(variance.max(), 1e-6)
      for _ in 0..<16 {
        let next = times(direction)
        let length = (next * next).sum().squareRoot()
        guard length > 1e-6 else { return (direction, 0) }
        direction = next / length
      }
      return (direction, (direction * times(direction)).sum() * Float(members.count))
    }
  }

  private var components: [Component] = []

  /// - Parameters:
  ///   - indices: which of the colours are meant; not empty.
  ///   - count: of components, at most.
  init(of colours: [SIMD3<Float>], _ indices: [Int32], count: Int) {
    var clusters = [Cluster(indices, of: colours)]
    while clusters.count < count {
      let principals = clusters.map(\.principal)
      guard let widest = clusters.indices.max(by: { principals[$0].spread < principals[$1].spread }),
        principals[widest].spread > Self.noise * Float(clusters[widest].members.count)
      else { break }
      let (cluster, direction) = (clusters[widest], principals[widest].direction)
      let middle = (cluster.mean * direction).sum()
      var (low, high): ([Int32], [Int32]) = ([], [])
      for member in cluster.members {
        if (colours[Int(member)] * direction).sum() > middle { high.append(member) } else { low.append(member) }
      }
      guard !low.isEmpty, !high.isEmpty else { break }
      clusters[widest] = Cluster(low, of: colours)
      clusters.append(Cluster(high, of: colours))
    }
    components = clusters.map { Self.component($0, of: indices.count) }
  }

  private static func component(_ cluster: Cluster, of total: Int) -> Component {
    let v = cluster.variance + noise, m = cluster.mixed
    // The inverse of a symmetric matrix, by its adjugate.
    let adjugate = SIMD3(v.y * v.z - m.z * m.z, v.x * v.z - m.y * m.y, v.x * v.y - m.x * m.x)
    let mixed = SIMD3(m.y * m.z - m.x * v.z, m.x * m.z - m.y * v.y, m.x * m.y - m.z * v.x)
    let determinant = max(v.x * adjugate.x + m.x * mixed.x + m.y * mixed.y, 1e-6)
    let weight = Float(cluster.members.count) / Float(max(total, 1))
    return Component(
      mean: cluster.mean, diagonal: adjugate / determinant, mixed: mixed / determinant,
      logWeight: logf(weight) - logf(determinant) / 2)
  }

  /// How unlikely a colour is: the negative logarithm of its density, up to a constant.
  func cost(_ colour: SIMD3<Float>) -> Float {
    var best = -Float.infinity
    for component in components { best = max(best, component.exponent(colour)) }
    var sum: Float = 0
    for component in components {
      let exponent = component.exponent(colour) - best
      if exponent > -10 { sum += expf(exponent) }
    }
    return -(best + logf(max(sum, 1e-30)))
  }
}
