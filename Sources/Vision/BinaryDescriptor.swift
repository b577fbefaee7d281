#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// 256 comparisons of brightness around a point, turned with the patch's own direction.
///
/// Sources: Calonder et al. 2010, "BRIEF"; Rublee et al. 2011, "ORB" (direction by the intensity centroid).
public struct BinaryDescriptor: Hashable, Sendable {
  public var bits: SIMD4<UInt64>

  public init(bits: SIMD4<UInt64>) { self.bits = bits }

  /// In how many of 256 comparisons two descriptors differ.
  public func distance(to other: BinaryDescriptor) -> Int {
    let difference = bits ^ other.bits
    return difference.x.nonzeroBitCount + difference.y.nonzeroBitCount + difference.z.nonzeroBitCount
      + difference.w.nonzeroBitCount
  }
}

/// Computes descriptors.
public struct DescriptorExtractor: Sendable {
  /// How far comparisons reach, pixels, in any direction.
  static let radius = 15
  /// How many directions are told apart.
  static let turns = 36

  /// For each turn, the pairs of pixels that are compared, as offsets.
  private let patterns: [[(SIMD2<Int>, SIMD2<Int>)]]
  private static let sharedPatterns = makePatterns()

  public init() { patterns = Self.sharedPatterns }

  private static func makePatterns() -> [[(SIMD2<Int>, SIMD2<Int>)]] {
    // Pairs from a Gaussian of a fifth of the patch, as BRIEF's authors found best; the same in every run.
    var state: UInt64 = 0x5EED_0F_B21EF
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Double(state >> 11) + 0.5) / Double(1 << 53)
    }
    func gaussianPoint() -> SIMD2<Double> {
      while true {
        let (radius, angle) = (6.2 * (-2 * log(uniform())).squareRoot(), 2 * Double.pi * uniform())
        if radius < Double(Self.radius) - 1 { return SIMD2(radius * cos(angle), radius * sin(angle)) }
      }
    }
    let pairs = (0..<256).map { _ in (gaussianPoint(), gaussianPoint()) }
    return (0..<Self.turns).map { turn in
      let angle = 2 * Double.pi * Double(turn) / Double(Self.turns)
      func turned(_ p: SIMD2<Double>) -> SIMD2<Int> {
        SIMD2(
          Int((cos(angle) * p.x - sin(angle) * p.y).rounded()), Int((sin(angle) * p.x + cos(angle) * p.y).rounded()))
      }
      return pairs.map { (turned($0.0), turned($0.1)) }
    }
  }

  /// The descriptor at a pixel of `image`, which should be smoothed (a level of a pyramid above 0, or ``smoothed``).
  /// - Returns: `nil` nearer than 16 pixels to the edge.
  public func descriptor(at position: SIMD2<Float>, in image: GreyImage) -> BinaryDescriptor? {
    let (x, y) = (Int(position.x.rounded()), Int(position.y.rounded()))
    let margin = Self.radius + 1
    guard x >= margin, y >= margin, x < image.width - margin, y < image.height - margin else { return nil }
    return image.pixels.withUnsafeBufferPointer { pixels in
      let centre = y * image.width + x
      let pattern = patterns[Self.turn(pixels, centre, image.width)]
      var bits = SIMD4<UInt64>.zero
      for (index, pair) in pattern.enumerated() {
        let first = pixels[centre + pair.0.y * image.width + pair.0.x]
        let second = pixels[centre + pair.1.y * image.width + pair.1.x]
        if first < second { bits[index >> 6] |= 1 << UInt64(index & 63) }
      }
      return BinaryDescriptor(bits: bits)
    }
  }

  /// The direction from the centre to the centroid of brightness, as an index of `patterns`.
  private static func turn(_ pixels: UnsafeBufferPointer<UInt8>, _ centre: Int, _ width: Int) -> Int {
    var (momentX, momentY) = (0, 0)
    for dy in -radius...radius {
      let half = Int(Double(radius * radius - dy * dy).squareRoot())
      for dx in -half...half {
        let value = Int(pixels[centre + dy * width + dx])
        momentX += dx * value
        momentY += dy * value
      }
    }
    let angle = atan2(Double(momentY), Double(momentX)) / (2 * .pi) * Double(turns)
    return (Int(angle.rounded()) + turns) % turns
  }
}

extension GreyImage {
  /// Blurred by a 5×5 binomial filter, as comparisons of single pixels want it.
  public var smoothed: GreyImage {
    var result = [UInt8](repeating: 0, count: width * height)
    // Vertical sums of one row, with two more at either end.
    var sums = [UInt16](repeating: 0, count: width + 4)
    pixels.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer { result in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let source = source.baseAddress, let sums = sums.baseAddress, let result = result.baseAddress else {
            return
          }
          for y in 0..<height {
            let (a, b, c) = (source + max(y - 2, 0) * width, source + max(y - 1, 0) * width, source + y * width)
            let (d, e) = (source + min(y + 1, height - 1) * width, source + min(y + 2, height - 1) * width)
            for x in 0..<width {
              let near = 4 &* (UInt16(b[x]) &+ UInt16(d[x]))
              sums[x &+ 2] = UInt16(a[x]) &+ UInt16(e[x]) &+ near &+ 6 &* UInt16(c[x])
            }
            (sums[0], sums[1], sums[width + 2], sums[width + 3]) = (sums[2], sums[2], sums[width + 1], sums[width + 1])
            let row = result + y * width
            for x in 0..<width {
              let near = 4 &* (UInt32(sums[x &+ 1]) &+ UInt32(sums[x &+ 3]))
              let sum = UInt32(sums[x]) &+ UInt32(sums[x &+ 4]) &+ near &+ 6 &* UInt32(sums[x &+ 2])
              row[x] = UInt8(truncatingIfNeeded: (sum &+ 128) &>> 8)
            }
          }
        }
      }
    }
    return GreyImage(width: width, height: height, pixels: result)
  }
}

/// Pairs descriptors that resemble each other and nothing else.
public enum DescriptorMatcher {
  /// Index pairs: each is the other's nearest, nearer than `maximalDistance`, and clearly nearer than the second.
  /// - Parameter ratio: nearest over second nearest distance, at most.
  public static func match(
    _ left: [BinaryDescriptor], _ right: [BinaryDescriptor], maximalDistance: Int = 64, ratio: Float = 0.85
  ) -> [(left: Int, right: Int)] {
    var nearestLeft = [(distance: Int, index: Int)](repeating: (.max, -1), count: right.count)
    var candidates: [(left: Int, right: Int)] = []
    for (index, descriptor) in left.enumerated() {
      var (best, second, bestIndex) = (Int.max, Int.max, -1)
      for (other, candidate) in right.enumerated() {
        let distance = descriptor.distance(to: candidate)
        if distance < nearestLeft[other].distance { nearestLeft[other] = (distance, index) }
        if distance < best {
          (second, best, bestIndex) = (best, distance, other)
        } else if distance < second {
          second = distance
        }
      }
      if best <= maximalDistance, second == .max || Float(best) < ratio * Float(second) {
        candidates.append((index, bestIndex))
      }
    }
    return candidates.filter { nearestLeft[$0.right].index == $0.left }
  }
}
