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
  static let startTime = MetricDefinition(
    "process_start_time_seconds", "Start time of the process since 1970 in seconds", .gauge)
  static let openFiles = MetricDefinition("process_open_fds", "Number of open file descriptors", .gauge)

  /// Has the registry report them at each scrape.
  public static func install(in registry: PrometheusRegistry) {
    let started = startTimeSeconds()
    registry.addCollector { samples in
      if let started { samples.set(startTime, started) }
      if let bytes = residentMemoryBytes() { samples.set(residentMemory, Double(bytes)) }
      samples.set(cpuSeconds, cpuTimeSeconds())
      if let count = openFileCount() { samples.set(openFiles, Double(count)) }
    }
  }

  /// When this process started, in seconds since 1970; `nil` where /proc is not there.
  public static func startTimeSeconds() -> Double? {
    #if os(Linux)
      guard let file = fopen("/proc/self/stat", "r") else { return nil }
      defer { fclose(file) }
      var line = [UInt8](repeating: 0, count: 1024)
      let count = fread(&line, 1, line.count, file)
      // proc(5): field 22 is the start in clock ticks after boot. Field 2, in parentheses, may hold spaces.
      let fields = String(decoding: line[..<count], as: UTF8.self).split(separator: ")").last?.split(separator: " ")
      guard let fields, fields.count > 19, let ticks = Double(fields[19]) else { return nil }
      return seconds(CLOCK_REALTIME) - (seconds(CLOCK_BOOTTIME) - ticks / Double(sysconf(Int32(_SC_CLK_TCK))))
    #else
      return nil
    #endif
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
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
    seconds(CLOCK_PROCESS_CPUTIME_ID)
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
