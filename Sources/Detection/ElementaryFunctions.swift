// The elementary functions come from the C library, so that this target stays free of Foundation.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The logistic function, 0…1.
func sigmoid(_ value: Float) -> Float { 1 / (1 + exp(-value)) }

func hyperbolicTangent(_ value: Float) -> Float { tanh(value) }

func power(_ base: Float, _ exponent: Float) -> Float { pow(base, exponent) }
