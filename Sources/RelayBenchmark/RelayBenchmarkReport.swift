import CRelayLoad
import Foundation

/// The figures of a run.
public struct RelayBenchmarkReport: Sendable, Encodable {
  /// One server with one number of consumers.
  public struct Row: Sendable, Encodable {
    public var server: String
    public var consumers: Int
    public var connected: Int
    public var megabitsPerSecondOut: Double
    public var cpuSecondsPerGigabit: Double
    public var latencyP50Millis: Double
    public var latencyP99Millis: Double
    public var latencyMaxMillis: Double
    /// Units that consumers did not get, as holes or at the end.
    public var missingUnits: UInt64
    public var closedConsumers: Int
    public var residentMegabytes: Double

    init(
      server: String, consumers: Int, result: ws_load_result, residentBytes: Int,
      nominalMegabitsPerSecond: Double
    ) {
      self.server = server
      self.consumers = consumers
      connected = Int(result.connected)
      let gigabits = Double(result.bytes_received) * 8 / 1e9
      megabitsPerSecondOut = gigabits * 1_000 / result.seconds
      cpuSecondsPerGigabit = gigabits > 0 ? result.cpu_seconds / gigabits : 0
      var result = result
      latencyP50Millis = ws_load_quantile(&result, 0.5)
      latencyP99Millis = ws_load_quantile(&result, 0.99)
      latencyMaxMillis = result.latency_max_ms
      missingUnits = max(
        result.units_missing, result.units_expected &- min(result.units_received, result.units_expected))
      closedConsumers = Int(result.closed_early)
      residentMegabytes = Double(residentBytes) / 1e6
      isSustained =
        missingUnits == 0 && closedConsumers == 0 && connected == consumers
        && megabitsPerSecondOut >= 0.97 * Double(consumers) * nominalMegabitsPerSecond
    }

    /// Whether every consumer got every unit, and none fell behind more and more: the server sent as fast as it got.
    public var isSustained: Bool

  }

  public var megabitsPerSecond: Double
  public var framesPerSecond: Double
  public var processors: Int
  public var rows: [Row] = []
  /// The largest number of consumers that each got every unit as fast as it came, by server.
  public var limits: [String: Int] = [:]
  public var bytesPerIdleConsumer: Int?

  init(plan: RelayBenchmark.Plan) {
    megabitsPerSecond = plan.megabitsPerSecond
    framesPerSecond = plan.framesPerSecond
    processors = ProcessInfo.processInfo.activeProcessorCount
  }

  /// The report as JSON.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The report as a Markdown table and a few lines.
  public var text: String {
    var lines = [
      "\(megabitsPerSecond) Mb/s at \(framesPerSecond) frames/s per consumer; clients on the same \(processors) processors",
      "",
      "| server | consumers | Mb/s out | CPU s/Gbit | p50 ms | p99 ms | max ms | missing | closed | RSS MB |",
      "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows {
      lines.append(
        String(
          format: "| %@ | %d | %.0f | %.3f | %.2f | %.2f | %.2f | %llu | %d | %.1f |", row.server, row.consumers,
          row.megabitsPerSecondOut, row.cpuSecondsPerGigabit, row.latencyP50Millis, row.latencyP99Millis,
          row.latencyMaxMillis, row.missingUnits, row.closedConsumers, row.residentMegabytes))
    }
    lines.append("")
    for (server, limit) in limits.sorted(by: { $0.key < $1.key }) {
      lines.append("largest number of consumers that get everything as fast as it comes, \(server): \(limit)")
    }
    if let bytes = bytesPerIdleConsumer { lines.append("resident bytes per idle consumer: \(bytes)") }
    return lines.joined(separator: "\n")
  }
}
