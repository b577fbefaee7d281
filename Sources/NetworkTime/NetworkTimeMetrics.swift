import ClockSync
import CoreMetrics
import MediaModel
import Metrics

/// What operators see of the clock.
struct NetworkTimeMetrics: Sendable {
  private let synchronised = Gauge(label: "worldsystem_clock_synchronised")
  private let offset = Gauge(label: "worldsystem_clock_offset_seconds")
  private let correction = Gauge(label: "worldsystem_clock_correction_seconds")
  private let dispersion = Gauge(label: "worldsystem_clock_dispersion_seconds")
  private let delay = Gauge(label: "worldsystem_clock_delay_seconds")
  private let stratum = Gauge(label: "worldsystem_clock_stratum")
  private let failures: [FailureReason: Counter]
  private let ignored: [IgnoredReason: Counter]
  let polls = Counter(label: "worldsystem_clock_polls_total")
  let systemJumps = Counter(label: "worldsystem_clock_system_jumps_total")

  /// The closed set of reasons that exchanges fail for.
  private enum FailureReason: String, CaseIterable {
    case timeout, unresolved, unreachable, refused, rate, unsynchronised, distant, implausible

    init(_ failure: SNTPClient.Failure) {
      switch failure {
      case .timeout: self = .timeout
      case .unresolved: self = .unresolved
      case .unreachable: self = .unreachable
      case .reply(.kissOfDeath(.rate)): self = .rate
      case .reply(.kissOfDeath): self = .refused
      case .reply(.distant): self = .distant
      case .reply(.unsynchronised), .reply(.zeroTimestamp): self = .unsynchronised
      case .reply(.implausible), .reply(.short), .reply(.notAReply), .reply(.unmatched): self = .implausible
      }
    }
  }

  /// The closed set of reasons that datagrams are no answers for.
  private enum IgnoredReason: String, CaseIterable {
    case malformed, unmatched
  }

  init() {
    failures = Dictionary(
      uniqueKeysWithValues: FailureReason.allCases.map {
        ($0, Counter(label: "worldsystem_clock_poll_failures_total", dimensions: [("reason", $0.rawValue)]))
      })
    ignored = Dictionary(
      uniqueKeysWithValues: IgnoredReason.allCases.map {
        ($0, Counter(label: "worldsystem_clock_replies_ignored_total", dimensions: [("reason", $0.rawValue)]))
      })
  }

  func record(_ status: NetworkTimeStatus) {
    synchronised.record(status.isSynchronised ? 1 : 0)
    offset.record(status.offset.seconds)
    correction.record(status.correction.seconds)
    dispersion.record(status.dispersion.seconds)
    delay.record(status.delay.seconds)
    stratum.record(status.stratum)
  }

  func failed(_ failure: SNTPClient.Failure) { failures[FailureReason(failure)]?.increment() }

  func ignored(_ error: SNTPError) { ignored[error == .unmatched ? .unmatched : .malformed]?.increment() }
}
