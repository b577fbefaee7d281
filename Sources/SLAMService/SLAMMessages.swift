package import BusMessages
internal import MediaModel
public import MessageBus
public import ServiceLifecycle
import TelemetryProtocol

/// Brings a ``SLAMService`` what concerns it from the bus: motion samples of its stream, and requests to start anew.
public struct SLAMMessages: Service {
  private let slam: SLAMService
  private let subscription: BusSubscription
  private let stream: String

  /// Joins at once, so that nothing published after this is missed.
  /// - Parameter stream: the stream whose phone sends the samples.
  public init(of bus: any MessageBus, for slam: SLAMService, stream: String) {
    self.slam = slam
    self.stream = stream
    subscription = bus.subscribe(SubscriptionRequest([.imuData, .restart]))
  }

  /// Runs until the service group shuts down, or the bus ends.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while let delivery = await subscription.next() { take(delivery.message) }
    }
  }

  private func take(_ message: BusMessage) {
    switch message.topic {
    case .restart: slam.restart()
    case .imuData:
      let samples = Self.samples(in: message, of: stream)
      if !samples.isEmpty { slam.add(samples) }
    default: break
    }
  }

  /// The readings in an `imu_data` message of a stream, with their time on the server's clock. Nothing of a message
  /// that belongs to another stream, or is none of that kind: those were counted where they came in.
  package static func samples(in message: BusMessage, of stream: String) -> [MotionSample] {
    guard case .text(stream)? = message.headers[BusHeader.stream],
      case .text(let time)? = message.headers[BusHeader.capturedAt], let nanos = Int64(time),
      let object = try? JSONObject(message.body), let read = try? IMUMessage(object)
    else { return [] }
    var samples: [MotionSample] = []
    if let accelerometer = read.accelerometer, let gyroscope = read.gyroscope {
      samples.append(
        .inertial(
          IMUSample(timestampNanos: nanos, gyroscopeRadPerSec: gyroscope, accelerometerMPerSec2: accelerometer)))
    }
    if let gps = read.gps {
      samples.append(
        .position(
          GPSSample(
            timestampNanos: nanos, latitudeDegrees: gps.latitudeDegrees, longitudeDegrees: gps.longitudeDegrees,
            altitudeMetres: gps.altitudeMetres ?? 0, accuracyMetres: Self.accuracy(gps.accuracyMetres),
            speedMPerSec: gps.speedMPerSec ?? 0, headingDegrees: gps.headingDegrees ?? 0)))
    }
    return samples
  }

  /// How accurate a fix is taken to be that does not say so, metres; less than zero says nothing.
  private static func accuracy(_ told: Double?) -> Double { told.flatMap { $0 >= 0 ? $0 : nil } ?? 10 }
}
