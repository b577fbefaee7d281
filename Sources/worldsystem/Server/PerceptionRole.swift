import Logging
import MediaModel
import Relay
import ServiceLifecycle
import VideoConsumer

/// A service that looks at a stream in the process of a server.
struct PerceptionRole {
  var stream: StreamName
  var consumer: any VideoConsumer
  /// Brings it what else concerns it.
  var companion: any Service

  /// - Parameter setting: what the text is the value of.
  static func stream(_ text: String, setting: String) throws -> StreamName {
    guard let stream = StreamName(text) else {
      throw CommandFailure(.usage, "\(setting): '\(text)' is not the name of a stream")
    }
    return stream
  }

  /// What is to be run, in order: each stream is decoded once, whoever looks at it.
  static func services(_ roles: [PerceptionRole], of relay: Relay, tracing: ServerTracing) -> [any Service] {
    var options = ConsumerRunner.Options()
    options.tracing = tracing.frames
    var streams: [StreamName] = []
    for role in roles where !streams.contains(role.stream) { streams.append(role.stream) }
    return roles.map(\.companion)
      + streams.map { stream in
        RelayConsumers(
          roles.filter { $0.stream == stream }.map(\.consumer), of: relay, stream: stream, options: options,
          logger: Logger(label: "perception"))
      }
  }
}
