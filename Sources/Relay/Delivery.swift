public import CodedMedia

/// What a reader is to send or decode next.
public struct Delivery: Sendable {
  /// The access unit, shared with every other reader.
  public var unit: AccessUnit
  /// Parameter sets that the reader needs first: it has not got these yet and the unit carries none of its own.
  public var parameterSets: ParameterSets?
  /// How many units were left out between the delivery before this one and this one.
  public var skipped: Int

  public init(unit: AccessUnit, parameterSets: ParameterSets? = nil, skipped: Int = 0) {
    self.unit = unit
    self.parameterSets = parameterSets
    self.skipped = skipped
  }
}

/// Why a reader gets nothing any more.
public enum ReaderEnd: Hashable, Sendable {
  /// The publisher went away and did not come back within the grace period.
  case streamEnded
  /// A `lossless` reader let its queue fill up.
  case tooSlow(queuedUnits: Int, queuedBytes: Int)
  /// The server stops.
  case shutdown
  /// The reader itself closed.
  case closed

  /// A sentence for a close frame or a log line, at most 123 bytes.
  public var reason: String {
    switch self {
    case .streamEnded: "the stream ended: its publisher did not come back"
    case .tooSlow(let units, let bytes): "too slow for policy=lossless: \(units) units, \(bytes) bytes were waiting"
    case .shutdown: "the server is shutting down"
    case .closed: "closed by the reader"
    }
  }
}
