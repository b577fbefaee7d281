import Foundation

/// Who publishes in a measurement.
public enum BenchmarkedClient: String, Sendable, Codable, CaseIterable {
  /// Our bus.
  case worldsystem
  /// librabbitmq, driven from C by hand.
  case librabbitmq
  /// pika, a message at a time: `BlockingConnection` with `confirm_delivery`.
  case pikaBlocking = "pika-blocking"
  /// pika with many messages unconfirmed: `SelectConnection`.
  case pikaSelect = "pika-select"

  var title: String {
    switch self {
    case .worldsystem: "worldsystem"
    case .librabbitmq: "C, librabbitmq"
    case .pikaBlocking: "pika, BlockingConnection"
    case .pikaSelect: "pika, SelectConnection"
    }
  }
}

/// The figures of a run.
public struct BusBenchmarkReport: Sendable, Codable {
  /// One client publishing one payload once.
  public struct Measurement: Sendable, Codable {
    public var messages: Int
    /// From the first message to the last confirm.
    public var seconds: Double
    /// Processor time of the client, user and system.
    public var cpuSeconds: Double

    public init(messages: Int, seconds: Double, cpuSeconds: Double) {
      self.messages = messages
      self.seconds = seconds
      self.cpuSeconds = cpuSeconds
    }

    var messagesPerSecond: Double { Double(messages) / seconds }
  }

  /// One client with one payload: the median of its rounds.
  public struct Row: Sendable, Codable {
    public var payload: String
    public var bodyBytes: Int
    public var client: BenchmarkedClient
    public var rounds: [Measurement]
    public var messagesPerSecond: Double
    public var megabytesPerSecond: Double
    public var cpuSecondsPer100kMessages: Double
    /// Times the rate of bare librabbitmq, by rounds side by side; `nil` for that itself.
    public var timesLibrabbitmq: Double?
    /// Times the rate of pika's `BlockingConnection`.
    public var timesPika: Double?
  }

  public var processors: Int
  /// What may be unconfirmed at a time, of every client that does not wait for each message.
  public var windowMessages: Int
  public var windowBytes: Int
  public private(set) var rows: [Row] = []

  public init(windowMessages: Int, windowBytes: Int) {
    self.windowMessages = windowMessages
    self.windowBytes = windowBytes
    processors = ProcessInfo.processInfo.activeProcessorCount
  }

  /// Adds the measurements of one payload: by client, in the order of rounds.
  public mutating func add(
    payload: String, bodyBytes: Int, _ measured: [(client: BenchmarkedClient, rounds: [Measurement])]
  ) {
    func rounds(of client: BenchmarkedClient) -> [Measurement]? { measured.first { $0.client == client }?.rounds }
    for (client, own) in measured {
      let rate = Self.median(own.map(\.messagesPerSecond))
      let ratio = { (other: BenchmarkedClient) -> Double? in
        guard client != other, let others = rounds(of: other) else { return nil }
        // Of rounds side by side, so that a slow minute of the machine does not count.
        return Self.median(zip(own, others).map { $0.messagesPerSecond / $1.messagesPerSecond })
      }
      rows.append(
        Row(
          payload: payload, bodyBytes: bodyBytes, client: client, rounds: own, messagesPerSecond: rate,
          megabytesPerSecond: rate * Double(bodyBytes) / 1e6,
          cpuSecondsPer100kMessages: Self.median(own.map { $0.cpuSeconds / Double($0.messages) * 1e5 }),
          timesLibrabbitmq: ratio(.librabbitmq), timesPika: ratio(.pikaBlocking)))
    }
  }

  package static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The report as JSON.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The report as a Markdown table.
  public var text: String {
    var lines = [
      "persistent messages with confirms to a fanout exchange with one durable queue, at most \(windowMessages) or "
        + "\(windowBytes >> 20) MiB unconfirmed; broker and clients on the same \(processors) processors",
      "",
      "| payload | bytes | client | messages/s | MB/s | CPU s/100k | × C | × pika |",
      "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows {
      let ratios = [row.timesLibrabbitmq, row.timesPika].map { $0.map { String(format: "%.2f", $0) } ?? "" }
      lines.append(
        String(
          format: "| %@ | %d | %@ | %.0f | %.1f | %.2f | %@ | %@ |", row.payload, row.bodyBytes, row.client.title,
          row.messagesPerSecond, row.megabytesPerSecond, row.cpuSecondsPer100kMessages, ratios[0], ratios[1]))
    }
    return lines.joined(separator: "\n")
  }
}
