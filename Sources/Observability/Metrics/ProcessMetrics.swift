#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory, processor time and open files of this process, under the names that all Prometheus clients use.
public enum ProcessMetrics {
  static let residentMemory = MetricDefinition(
    "process_resident_memory_bytes", "Resident memory size in bytes", .gauge)
  static let cpuSeconds = MetricDefinition(
    "process_cpu_seconds_total", "Total user and system CPU time spent in seconds", .counter)
  static let openFiles = MetricDefinition("process_open_fds", "Number of open file descriptors", .gauge)

  /// Has the registry report them at each scrape.
  public static func install(in registry: PrometheusRegistry) {
    registry.addCollector { samples in
      if let bytes = residentMemoryBytes() { samples.set(residentMemory, Double(bytes)) }
      samples.set(cpuSeconds, cpuTimeSeconds())
      if let count = openFileCount() { samples.set(openFiles, Double(count)) }
    }
  }

  /// Memory of this process that is in RAM; `nil` where /proc is not there.
  public static func residentMemoryBytes() -> Int? {
    guard let file = fopen("/proc/self/statm", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// User and system time this process has used.
  public static func cpuTimeSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// File descriptors in use; `nil` where /proc is not there.
  public static func openFileCount() -> Int? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count - 3  // ".", ".." and the descriptor of the listing itself
  }
}
