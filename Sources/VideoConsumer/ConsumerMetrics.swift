import MediaModel
import Metrics

/// The metrics of one service (protocol.md section 9). Handles are made once.
package struct ConsumerMetrics: Sendable {
  private let total = Counter(label: "frames_processed_total")
  private let processed: Counter
  private let skipped: Counter
  private let failed: Counter
  private let processing: Metrics.Timer

  package init(service: String) {
    let labels = [("service", service)]
    processed = Counter(label: "worldsystem_service_frames_processed_total", dimensions: labels)
    skipped = Counter(label: "worldsystem_service_frames_skipped_total", dimensions: labels)
    failed = Counter(label: "worldsystem_service_frames_failed_total", dimensions: labels)
    processing = Metrics.Timer(label: "worldsystem_service_frame_processing_seconds", dimensions: labels)
  }

  package func recordProcessed(in duration: Nanoseconds) {
    total.increment()
    processed.increment()
    processing.recordNanoseconds(max(0, duration.value))
  }

  package func recordFailed() { failed.increment() }

  package func recordSkipped(_ count: Int) {
    if count > 0 { skipped.increment(by: count) }
  }
}
