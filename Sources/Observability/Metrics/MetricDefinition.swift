/// One metric family as an operator sees it: name, help text, kind, and the closed sets its labels take values from.
public struct MetricDefinition: Hashable, Sendable {
  /// What the numbers of a family mean.
  public enum Kind: Hashable, Sendable {
    /// Only grows; resets when the process starts.
    case counter
    /// Goes up and down.
    case gauge
    /// Observations sorted into buckets with these inclusive upper bounds, ascending, `+Inf` left out.
    case histogram(buckets: [Double])
  }

  /// A label and all values it may have. A value outside the set is reported as `other`, so that nothing a
  /// client sends can make the number of series grow.
  public struct Label: Hashable, Sendable {
    public let name: String
    public let values: [String]

    /// - Parameters:
    ///   - name: `[a-zA-Z_][a-zA-Z0-9_]*`.
    ///   - values: the closed set.
    public init(_ name: String, _ values: [String]) {
      self.name = name
      self.values = values
    }
  }

  /// The full name, `[a-zA-Z_:][a-zA-Z0-9_:]*`; counters end in `_total`.
  public let name: String
  /// One sentence, without a full stop.
  public let help: String
  public let kind: Kind
  /// In the order in which they are exposed. Empty: the family has one series, which is exposed from the start.
  public let labels: [Label]

  /// - Parameters:
  ///   - name: the full name; counters end in `_total`.
  ///   - help: one sentence that says what is counted and in which unit.
  ///   - kind: counter, gauge or histogram.
  ///   - labels: closed label sets, in the order in which they are exposed.
  public init(_ name: String, _ help: String, _ kind: Kind, labels: [Label] = []) {
    self.name = name
    self.help = help
    self.kind = kind
    self.labels = labels
  }
}

/// Bucket bounds that several metrics share.
public enum HistogramBuckets {
  /// Seconds, 0.5 ms to 10 s: from one event-loop turn to a viewer who gives up.
  public static let latencySeconds: [Double] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
  ]
}
