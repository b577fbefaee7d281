import MediaModel
import Metrics

/// The relay's metrics (protocol.md section 9 and ours beside them). Handles are made once; recording does not
/// allocate.
final class RelayMetrics: Sendable {
  private let framesRelayed = Counter(label: "h264_frames_relayed_total")
  private let bytesRelayed = Counter(label: "h264_bytes_relayed_total")
  private let consumerDrops = Counter(label: "consumer_frames_dropped_total")
  private let sentUnits: [Counter]
  private let sentBytes: [Counter]
  private let drops: [Counter]
  private let ages: [Metrics.Timer]
  private let addedLatencies: [Metrics.Timer]
  let consumersConnected = Gauge(label: "h264_consumers_connected")
  let consumerQueueSize = Gauge(label: "consumer_queue_size")
  let bandwidth = Gauge(label: "video_bandwidth_mbps")
  let streamsLive = Gauge(label: "worldsystem_relay_streams")
  let groupCacheBytes = Gauge(label: "worldsystem_relay_group_cache_bytes")
  let publisherClockOffset = Gauge(label: "worldsystem_phone_clock_offset_seconds")
  let publisherClockOffsetSpread = Gauge(label: "worldsystem_phone_clock_offset_spread_seconds")
  let publisherTakeovers = Counter(label: "worldsystem_relay_publisher_takeovers_total")
  let framesBeforeKeyFrame = Counter(label: "worldsystem_relay_frames_before_key_frame_total")
  let clockDiscontinuities = Counter(label: "worldsystem_relay_clock_discontinuities_total")

  init() {
    func perTransport<Metric>(_ make: ([(String, String)]) -> Metric) -> [Metric] {
      ReaderTransport.allCases.map { make([("transport", $0.rawValue)]) }
    }
    sentUnits = perTransport { Counter(label: "worldsystem_relay_units_sent_total", dimensions: $0) }
    sentBytes = perTransport { Counter(label: "worldsystem_relay_bytes_sent_total", dimensions: $0) }
    drops = perTransport { Counter(label: "worldsystem_relay_units_dropped_total", dimensions: $0) }
    addedLatencies = perTransport { Metrics.Timer(label: "worldsystem_relay_added_latency_seconds", dimensions: $0) }
    ages = perTransport { Metrics.Timer(label: "worldsystem_relay_frame_age_seconds", dimensions: $0) }
  }

  func recordRelayed(bytes: Int) {
    framesRelayed.increment()
    bytesRelayed.increment(by: bytes)
  }

  /// - Parameters:
  ///   - age: from capture to now.
  ///   - added: from the last byte's arrival to now.
  func recordSent(age: Nanoseconds, added: Nanoseconds, transport: ReaderTransport) {
    let index = transport.index
    addedLatencies[index].recordNanoseconds(max(0, added.value))
    ages[index].recordNanoseconds(max(0, age.value))
  }

  func countSent(_ sent: SentCount, transport: ReaderTransport) {
    guard sent.units > 0 else { return }
    sentUnits[transport.index].increment(by: sent.units)
    sentBytes[transport.index].increment(by: sent.bytes)
  }

  func recordDropped(_ count: UInt64, transport: ReaderTransport) {
    drops[transport.index].increment(by: Int64(clamping: count))
    consumerDrops.increment(by: Int64(clamping: count))
  }
}

/// Units and bytes that went out and are not in the counters yet. Counting each unit there would have the event loops
/// fight for the same cache lines thousands of times a second.
struct SentCount {
  var units = 0
  var bytes = 0

  mutating func add(bytes size: Int) {
    units += 1
    bytes += size
  }
}

extension ReaderTransport {
  /// Position in `allCases`.
  fileprivate var index: Int {
    switch self {
    case .websocket: 0
    case .rtsp: 1
    case .recorder: 2
    case .push: 3
    case .consumer: 4
    case .bus: 5
    }
  }

  /// Whether the reader is outside the process and so counts as a connected consumer.
  var isExternal: Bool {
    switch self {
    case .websocket, .rtsp: true
    case .recorder, .push, .consumer, .bus: false
    }
  }
}
