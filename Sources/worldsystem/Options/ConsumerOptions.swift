import ArgumentParser
import Foundation
import Gateway

/// Flags of the commands that look at video of another process, or at a file.
struct ConsumerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "ws://HOST:PORT/ws/h264_stream?stream=NAME, wss://..., rtsp://... or a file.", valueName: "source"),
    completion: .file())
  var from = "ws://127.0.0.1:5001/ws/h264_stream?stream=drone"

  @Option(
    help: ArgumentHelp(
      "Token for the server. Other users can see flags; better set WORLDSYSTEM_TOKEN.", valueName: "token"))
  var token: String?

  @Option(
    help: ArgumentHelp(
      "Serve /health and /metrics there; without HOST on this machine only. (default: nowhere)",
      valueName: "host:port"))
  var metrics: String?

  func validate() throws { _ = try metricsAddress() }

  /// Where to serve metrics; `nil`: nowhere.
  func metricsAddress() throws -> MonitoringServer.Address? {
    guard let metrics else { return nil }
    guard let address = MonitoringServer.Address(metrics) else {
      throw ValidationError("--metrics takes HOST:PORT or PORT, such as 127.0.0.1:9101, not '\(metrics)'")
    }
    return address
  }

  /// The flag, else the environment.
  var serverToken: String? { token ?? ProcessInfo.processInfo.environment["WORLDSYSTEM_TOKEN"] }

  /// The stream in the query of a URL, else the last part of an RTSP path, else the usual one.
  var stream: String {
    guard let parts = URLComponents(string: from), parts.scheme != nil else { return "drone" }
    if let named = parts.queryItems?.first(where: { $0.name == "stream" })?.value { return named }
    let last = parts.path.split(separator: "/").last.map(String.init) ?? ""
    return parts.scheme?.hasPrefix("rtsp") == true && !last.isEmpty ? last : "drone"
  }
}
