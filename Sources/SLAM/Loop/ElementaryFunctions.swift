// The elementary functions come from the C library, so that this target stays free of Foundation.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The natural logarithm.
func logarithm(_ value: Double) -> Double { log(value) }

/// The logarithm to the base 2.
func binaryLogarithm(_ value: Double) -> Double { log2(value) }
