#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many files and connections this process may have open.
enum OpenFileLimit {
  /// The limit in force and the largest one this process may set.
  static var current: (soft: UInt64, hard: UInt64) {
    var limits = rlimit()
    getrlimit(resource, &limits)
    return (UInt64(limits.rlim_cur), UInt64(limits.rlim_max))
  }

  /// Sets the limit as high as it may be.
  static func raise() {
    var limits = rlimit()
    guard getrlimit(resource, &limits) == 0, limits.rlim_cur < limits.rlim_max else { return }
    limits.rlim_cur = limits.rlim_max
    setrlimit(resource, &limits)
  }

  #if canImport(Glibc)
    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
  #else
    private static var resource: Int32 { RLIMIT_NOFILE }
  #endif
}
