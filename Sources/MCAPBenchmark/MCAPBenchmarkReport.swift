import Foundation

/// Who writes in a measurement.
public enum MCAPBenchmarkClient: String, Sendable, Codable, CaseIterable {
  /// Our writer.
  case worldsystem
  /// `mcap` of PyPI, written in Python.
  case mcap
  /// `foxglove-sdk` of PyPI, written in Rust, called from Python.
  case foxglove
}

/// The figures of a run.
public struct MCAPBenchmarkReport: Sendable, Codable {
  /// One file.
  public struct Measurement: Sendable, Codable {
    public var messages: Int
    /// Of the messages.
    public var bytes: Int
    public var fileBytes: Int
    public var seconds: Double
    /// Processor time, user and system.
    public var cpuSeconds: Double

    var megabytesPerCPUSecond: Double { Double(bytes) / 1e6 / cpuSeconds }
  }

  /// One writer with one workload: the median of its rounds by processor time.
  public struct Row: Sendable, Codable {
    public var workload: MCAPWorkload
    public var compression: String
    public var client: MCAPBenchmarkClient
    public var megabytesPerCPUSecond: Double
    public var messagesPerCPUSecond: Double
    public var fileRatio: Double

    /// - Parameter rounds: at least one.
    init(
      workload: MCAPWorkload, compression: String, client: MCAPBenchmarkClient,
      rounds: [MCAPBenchmarkReport.Measurement]
    ) {
      self.workload = workload
      self.compression = compression
      self.client = client
      let sorted = rounds.sorted { $0.megabytesPerCPUSecond < $1.megabytesPerCPUSecond }
      let median = sorted[sorted.count / 2]
      megabytesPerCPUSecond = median.megabytesPerCPUSecond
      messagesPerCPUSecond = Double(median.messages) / median.cpuSeconds
      fileRatio = Double(median.fileBytes) / Double(median.bytes)
    }
  }

  public var processors: Int
  public var rows: [Row]

  /// A table for people, in Markdown.
  public var text: String {
    var lines = [
      "| messages | compression | writer | MB/s of processor time | messages/s | file to messages |",
      "|---|---|---|---|---|---|",
    ]
    for row in rows {
      lines.append(
        "| \(row.workload.rawValue) | \(row.compression) | \(row.client.rawValue) "
          + "| \(Int(row.megabytesPerCPUSecond.rounded())) | \(Int(row.messagesPerCPUSecond.rounded())) "
          + "| \((row.fileRatio * 100).rounded() / 100) |")
    }
    return lines.joined(separator: "\n")
  }

  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
