// The elementary functions come from the C library, so that this target stays free of Foundation.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sine and cosine of an angle in radians.
func sineAndCosine(_ angle: Double) -> (sine: Double, cosine: Double) { (sin(angle), cos(angle)) }

func arcTangent(_ y: Double, _ x: Double) -> Double { atan2(y, x) }

func exponential(_ exponent: Double) -> Double { exp(exponent) }

func logarithm(_ value: Double) -> Double { log(value) }
