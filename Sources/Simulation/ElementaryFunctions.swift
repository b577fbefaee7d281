// The elementary functions come from the C library, so that this target stays free of Foundation.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

func sine(_ angle: Double) -> Double { sin(angle) }
func cosine(_ angle: Double) -> Double { cos(angle) }
func arcTangent(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
func naturalLogarithm(_ value: Double) -> Double { log(value) }
func exponential(_ value: Double) -> Double { exp(value) }

/// `value` limited to 0…1.
@inline(__always) func unit(_ value: Float) -> Float { max(0, min(1, value)) }

/// 0 below `low`, 1 above `high`, a smooth cubic between.
func smoothStep(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let t = unit((value - low) / (high - low))
  return t * t * (3 - 2 * t)
}

/// Linear interpolation from `a` to `b`.
@inline(__always) func mix(_ a: Float, _ b: Float, _ fraction: Float) -> Float { a + (b - a) * fraction }
@inline(__always) func mix(_ a: SIMD3<Float>, _ b: SIMD3<Float>, _ fraction: Float) -> SIMD3<Float> {
  a + (b - a) * fraction
}

extension SIMD3<Float> {
  @inline(__always) func dot(_ other: SIMD3<Float>) -> Float { x * other.x + y * other.y + z * other.z }
  @inline(__always) func cross(_ other: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }
  var norm: Float { dot(self).squareRoot() }
  var normalized: SIMD3<Float> { self / Swift.max(norm, 1e-20) }
}
