import Foundation

/// Who logs in a measurement.
public enum RerunBenchmarkClient: String, Sendable, Codable, CaseIterable {
  /// Ours.
  case worldsystem
  /// `rerun-sdk` of PyPI, written in Rust, called from Python.
  case rerunSDK = "rerun-sdk"
}

/// The figures of a run.
public struct RerunBenchmarkReport: Sendable, Codable {
  /// One file.
  public struct Measurement: Sendable, Codable {
    public var events: Int
    public var fileBytes: Int
    public var seconds: Double
    /// Processor time, user and system.
    public var cpuSeconds: Double
  }

  /// One client with one workload: the median of its rounds by processor time.
  public struct Row: Sendable, Codable {
    public var workload: RerunWorkload
    public var client: RerunBenchmarkClient
    public var eventsPerCPUSecond: Double
    public var fileBytesPerEvent: Double

    /// - Parameter rounds: at least one.
    init(workload: RerunWorkload, client: RerunBenchmarkClient, rounds: [Measurement]) {
      self.workload = workload
      self.client = client
      let sorted = rounds.sorted { $0.cpuSeconds < $1.cpuSeconds }
      let median = sorted[sorted.count / 2]
      eventsPerCPUSecond = Double(median.events) / median.cpuSeconds
      fileBytesPerEvent = Double(median.fileBytes) / Double(median.events)
    }
  }

  public var processors: Int
  public var rows: [Row]

  /// A table for people, in Markdown.
  public var text: String {
    var lines = ["| events | client | events/s of processor time | bytes of file an event |", "|---|---|---|---|"]
    for row in rows {
      lines.append(
        "| \(row.workload.rawValue) | \(row.client.rawValue) | \(Int(row.eventsPerCPUSecond.rounded())) "
          + "| \(Int(row.fileBytesPerEvent.rounded())) |")
    }
    return lines.joined(separator: "\n")
  }

  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
