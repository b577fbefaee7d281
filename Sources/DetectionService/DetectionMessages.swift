package import BusMessages
public import MessageBus
public import ServiceLifecycle

/// Brings a ``DetectionService`` what concerns it from the bus: other modes and prompts for its stream, and requests to
/// start anew.
public struct DetectionMessages: Service {
  private let detection: DetectionService
  private let subscription: BusSubscription
  private let stream: String

  /// Joins at once, so that nothing published after this is missed.
  /// - Parameter stream: wishes that name another stream are left alone; those that name none count.
  public init(of bus: any MessageBus, for detection: DetectionService, stream: String) {
    self.detection = detection
    self.stream = stream
    // Wishes are rare: 64 are a minute of somebody who cannot decide.
    subscription = bus.subscribe(SubscriptionRequest([.analysisMode, .restart], messages: 64, bytes: 1 << 20))
  }

  /// Runs until the service group shuts down, or the bus ends.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while let delivery = await subscription.next() { take(delivery.message) }
    }
  }

  private func take(_ message: BusMessage) {
    if message.topic == .restart { return detection.restart() }
    do throws(DetectionRefusal) {
      guard let request = try Self.request(in: message, for: stream) else { return }
      // What is refused here was counted.
      try? detection.request(request)
    } catch {
      detection.refuse(error)
    }
  }

  /// The wish in a message; `nil` in one that is for another stream.
  /// - Throws: `DetectionRefusal.malformed`.
  package static func request(
    in message: BusMessage, for stream: String
  ) throws(DetectionRefusal) -> DetectionRequest? {
    if case .text(let other)? = message.headers[BusHeader.stream], other != stream { return nil }
    do throws(BusBodyError) {
      let wish = try AnalysisMode(message.body)
      return DetectionRequest(mode: wish.data, prompt: wish.prompt)
    } catch {
      throw .malformed(reason: "a body of analysis_mode_exchange has type, data and perhaps prompt, all texts")
    }
  }
}
