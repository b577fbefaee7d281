import CRelayLoad
import Foundation

/// A server to measure: its command, in which the argument `PORT` stands for the port.
public struct BenchmarkedServer: Sendable {
  public var name: String
  public var command: [String]

  public init(name: String, command: [String]) {
    self.name = name
    self.command = command
  }
}

/// Measures relays on loopback: one publisher, many consumers, in one thread beside the server.
public struct RelayBenchmark: Sendable {
  /// What to run.
  public struct Plan: Sendable {
    public var megabitsPerSecond = 5.0
    public var framesPerSecond = 30.0
    /// Pictures in a group.
    public var groupLength = 60
    /// Numbers of consumers to measure.
    public var consumers = [1, 50, 200]
    /// Seconds of each measurement; the first one of them is not counted.
    public var seconds = 8.0
    /// Whether to look for the largest number of consumers without a drop.
    public var searchesLimit = true
    /// Idle connections for the memory figure; 0 leaves it out.
    public var idleConsumers = 500

    public init() {}
  }

  private let plan: Plan
  private let progress: @Sendable (String) -> Void

  /// - Parameter progress: told what is being measured.
  public init(plan: Plan, progress: @escaping @Sendable (String) -> Void = { _ in }) {
    self.plan = plan
    self.progress = progress
  }

  /// Measures each server in turn.
  public func run(_ servers: [BenchmarkedServer]) throws -> RelayBenchmarkReport {
    let stream = try BenchmarkStream(
      bitsPerSecond: plan.megabitsPerSecond * 1e6, framesPerSecond: plan.framesPerSecond,
      groupLength: plan.groupLength)
    var report = RelayBenchmarkReport(plan: plan)
    for consumers in plan.consumers {
      // The servers take turns, so that a slow minute of the machine hits all of them.
      for server in servers { report.rows.append(try measure(server, consumers: consumers, stream: stream)) }
    }
    if plan.searchesLimit {
      for server in servers { report.limits[server.name] = try searchLimit(server, stream: stream, report: &report) }
    }
    if plan.idleConsumers > 0, let first = servers.first {
      report.bytesPerIdleConsumer = try measureIdle(first, stream: stream)
    }
    return report
  }

  private func measure(
    _ server: BenchmarkedServer, consumers: Int, stream: BenchmarkStream
  ) throws -> RelayBenchmarkReport.Row {
    progress("\(server.name): \(consumers) consumers")
    let process = try ServerProcess(server, port: Self.freePort())
    defer { process.stop() }
    let result = try load(process, consumers: consumers, seconds: plan.seconds, stream: stream)
    return RelayBenchmarkReport.Row(
      server: server.name, consumers: consumers, result: result, residentBytes: try process.residentBytes(),
      nominalMegabitsPerSecond: plan.megabitsPerSecond)
  }

  /// Doubles the number of consumers until they do not get everything in time, then halves the interval.
  private func searchLimit(
    _ server: BenchmarkedServer, stream: BenchmarkStream, report: inout RelayBenchmarkReport
  ) throws -> Int {
    var good = 0
    var bad: Int?
    var next = 200
    while bad.map({ $0 - good > 50 }) ?? true, next <= 6_400 {
      let row = try measure(server, consumers: next, stream: stream)
      report.rows.append(row)
      if row.isSustained { good = next } else { bad = next }
      next = bad.map { (good + $0) / 2 } ?? next * 2
    }
    return good
  }

  /// Resident memory for each consumer that waits on a stream whose group of pictures is small.
  private func measureIdle(_ server: BenchmarkedServer, stream: BenchmarkStream) throws -> Int {
    progress("\(server.name): memory of \(plan.idleConsumers) idle consumers")
    let process = try ServerProcess(server, port: Self.freePort())
    defer { process.stop() }
    // A first batch grows what is allocated once: pools, arenas of the allocator, tables.
    var warmUp = [Int32](repeating: -1, count: 50)
    ws_load_open(process.port, "/ws/h264_stream", 50, &warmUp)
    _ = try load(process, consumers: 10, seconds: 2, stream: stream)
    let before = try process.residentBytes()
    var idle = [Int32](repeating: -1, count: plan.idleConsumers)
    let opened = Int(ws_load_open(process.port, "/ws/h264_stream", Int32(plan.idleConsumers), &idle))
    usleep(1_000_000)
    let after = try process.residentBytes()
    for descriptor in warmUp + idle where descriptor >= 0 { close(descriptor) }
    return opened > 0 ? (after - before) / opened : 0
  }

  private func load(
    _ server: ServerProcess, consumers: Int, seconds: Double, stream: BenchmarkStream
  ) throws -> ws_load_result {
    var units = stream.packets.map { packet in
      let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: packet.count)
      bytes.update(from: packet, count: packet.count)
      return ws_load_unit(bytes: bytes, length: packet.count, stamp_offset: stream.stampOffset)
    }
    defer { for unit in units { unit.bytes.deallocate() } }
    // The result holds a large histogram: too much for the stack of a task.
    let result = UnsafeMutablePointer<ws_load_result>.allocate(capacity: 1)
    result.initialize(to: ws_load_result())
    defer { result.deallocate() }
    let count = units.count
    let status = units.withUnsafeMutableBufferPointer { units in
      "/ws/video".withCString { publish in
        "/ws/h264_stream".withCString { consume in
          var config = ws_load_config(
            port: server.port, server_pid: server.pid, publish_path: publish, consume_path: consume,
            consumers: Int32(consumers),
            frames_per_second: plan.framesPerSecond, seconds: seconds, units: units.baseAddress, unit_count: count)
          return ws_load_run(&config, result)
        }
      }
    }
    guard status == 0 else {
      throw RelayBenchmarkError.load(
        withUnsafeBytes(of: result.pointee.error) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return result.pointee
  }

  private static func freePort() -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length)
        getsockname(descriptor, generic, &length)
      }
      return UInt16(bigEndian: pointer.pointee.sin_port)
    }
  }
}
