// The elementary functions come from the C library, so that this target stays free of Foundation.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

func exponential(_ exponent: Float) -> Float { exp(exponent) }

func logarithm(_ value: Float) -> Float { log(value) }
