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
  /// Side of the patch that is copied out of the picture: rows of two SIMD registers, of which one pixel is not used.
  private static let side = 2 * radius + 2

  /// For each turn the 256 pairs of pixels that are compared, as places in the patch.
  private let pairs: [SIMD2<Int16>]
  private static let sharedPairs = makePairs()
  /// For each row of a patch from the middle one on, all ones where the disc of the centroid is.
  private let disc: [UInt8]
  private static let sharedDisc = (0...radius).flatMap { dy in
    let half = Int(Double(radius * radius - dy * dy).squareRoot())
    return (0..<side).map { abs($0 - radius) <= half ? UInt8.max : 0 }
  }

  public init() { (pairs, disc) = (Self.sharedPairs, Self.sharedDisc) }

  private static func makePairs() -> [SIMD2<Int16>] {
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
    return (0..<Self.turns).flatMap { turn in
      let angle = 2 * Double.pi * Double(turn) / Double(Self.turns)
      func place(_ p: SIMD2<Double>) -> Int16 {
        let x = Int((cos(angle) * p.x - sin(angle) * p.y).rounded())
        let y = Int((sin(angle) * p.x + cos(angle) * p.y).rounded())
        return Int16((y + Self.radius) * Self.side + x + Self.radius)
      }
      return pairs.map { SIMD2(place($0.0), place($0.1)) }
    }
  }

  /// The descriptor at a pixel of `image`, which should be smoothed (a level of a pyramid above 0, or ``smoothed``).
  /// - Returns: `nil` nearer than 16 pixels to the edge.
  public func descriptor(at position: SIMD2<Float>, in image: GreyImage) -> BinaryDescriptor? {
    let (x, y) = (Int(position.x.rounded()), Int(position.y.rounded()))
    let margin = Self.radius + 1
    guard x >= margin, y >= margin, x < image.width - margin, y < image.height - margin else { return nil }
    let side = Self.side
    return image.pixels.withUnsafeBufferPointer { pixels in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: side * side) { memory in
        guard let pixels = pixels.baseAddress, let patch = memory.baseAddress else { return nil }
        for row in 0..<side - 1 {
          let start = (y - Self.radius + row) * image.width + x - Self.radius
          (patch + row * side).update(from: pixels + start, count: side)
        }
        return compare(patch)
      }
    }
  }

  private func compare(_ patch: UnsafePointer<UInt8>) -> BinaryDescriptor {
    let turn = turn(patch)
    return pairs.withUnsafeBufferPointer { pairs in
      var bits = SIMD4<UInt64>.zero
      for word in 0..<4 {
        var value: UInt64 = 0
        for bit in 0..<64 {
          let pair = pairs[turn &* 256 &+ word &* 64 &+ bit]
          let isDarker = patch[Int(pair.x)] < patch[Int(pair.y)]
          value |= (isDarker ? 1 : 0) &<< UInt64(bit)
        }
        bits[word] = value
      }
      return BinaryDescriptor(bits: bits)
    }
  }

  /// The direction from the centre to the centroid of brightness, as a number of turns.
  private func turn(_ patch: UnsafePointer<UInt8>) -> Int {
    let side = Self.side
    // By column: brightness, and how it leans downwards. Both stay below 2¹⁵.
    return withUnsafeTemporaryAllocation(of: Int16.self, capacity: 2 * side) { memory in
      guard let sums = memory.baseAddress else { return 0 }
      let leaning = sums + side
      memory.initialize(repeating: 0)
      disc.withUnsafeBufferPointer { disc in
        guard let disc = disc.baseAddress else { return }
        for x in 0..<side { sums[x] = Int16(patch[Self.radius &* side &+ x] & disc[x]) }
        for dy in 1...Self.radius {
          let (above, below) = (patch + (Self.radius - dy) * side, patch + (Self.radius + dy) * side)
          let (mask, weight) = (disc + dy * side, Int16(truncatingIfNeeded: dy))
          for x in 0..<side {
            let (a, b) = (Int16(above[x] & mask[x]), Int16(below[x] & mask[x]))
            sums[x] = sums[x] &+ a &+ b
            leaning[x] = leaning[x] &+ weight &* (b &- a)
          }
        }
      }
      var (momentX, momentY) = (0, 0)
      for x in 0..<side {
        momentX &+= (x - Self.radius) &* Int(sums[x])
        momentY &+= Int(leaning[x])
      }
      let angle = atan2(Double(momentY), Double(momentX)) / (2 * .pi) * Double(Self.turns)
      return (Int(angle.rounded()) + Self.turns) % Self.turns
    }
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
