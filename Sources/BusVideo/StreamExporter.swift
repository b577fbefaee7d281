import BusMessages
import CodedMedia
import MediaModel
import MessageBus
import Relay

/// Puts one stream that is published here on the bus, unit for unit, for as long as it lives.
///
/// It reads the relay as any other reader does, so the publisher never waits for the broker: what the bus has no room
/// for is left out up to the next key frame, and counted.
struct StreamExporter: Sendable {
  let stream: StreamName
  let reader: UnitReader
  let bus: any MessageBus
  let queues: any VideoQueueSource
  let configuration: BusVideoConfiguration
  let metrics: BusVideoMetrics

  /// Runs until the stream ends or the task is cancelled.
  func run() async {
    await export()
    queues.forget(named: VideoQueueName.queue(of: stream))
  }

  private func export() async {
    defer { reader.close() }
    var unitsSinceKeyFrame: UInt64 = 0
    var awaitsKeyFrame = true
    while let delivery = try? await reader.next() {
      let unit = delivery.unit
      if delivery.skipped > 0 { metrics.count(.tooSlow, delivery.skipped) }
      guard unit.isKeyFrame || !awaitsKeyFrame else {
        metrics.count(.awaitsKeyFrame)
        continue
      }
      unitsSinceKeyFrame = unit.isKeyFrame ? 0 : unitsSinceKeyFrame + 1
      switch bus.publish(message(of: unit, unitsSinceKeyFrame: unitsSinceKeyFrame)) {
      case .accepted:
        awaitsKeyFrame = false
        metrics.countExported()
      case .dropped:
        awaitsKeyFrame = true
        metrics.count(.busFull)
      }
    }
  }

  private func message(of unit: AccessUnit, unitsSinceKeyFrame: UInt64) -> BusMessage {
    VideoMessage(unit, stream: stream, node: configuration.node, unitsSinceKeyFrame: unitsSinceKeyFrame).message
  }
}
