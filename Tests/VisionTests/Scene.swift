#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Vision

/// Smooth random texture whose value is known everywhere, so that it can be moved by parts of a pixel.
struct Scene {
  private let waves: [(SIMD2<Double>, Double)]

  init(seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func next() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 11) / Double(1 << 53)
    }
    waves = (0..<40).map { _ in
      (SIMD2(next() - 0.5, next() - 0.5) * next(), next() * 2 * .pi)
    }
  }

  func value(_ p: SIMD2<Double>) -> Double {
    128 + waves.reduce(0) { $0 + 14 * sin(($1.0 * p).sum() + $1.1) }
  }

  /// The scene where pixel `p` shows the point `map(p)`.
  func image(
    width: Int = 320, height: Int = 240, gain: Double = 1, bias: Double = 0,
    map: (SIMD2<Double>) -> SIMD2<Double> = { $0 }
  ) -> GreyImage {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let value = gain * value(map(SIMD2(Double(x), Double(y)))) + bias
        pixels.append(UInt8(min(max(value.rounded(), 0), 255)))
      }
    }
    return GreyImage(width: width, height: height, pixels: pixels)
  }
}

func cosine(_ angle: Double) -> Double { cos(angle) }
