import ArgumentParser
import Gateway

/// What `--metrics` says.
enum MetricsAddress {
  static func read(_ text: String?) throws -> MonitoringServer.Address? {
    guard let text else { return nil }
    guard let address = MonitoringServer.Address(text) else {
      throw ValidationError("--metrics takes HOST:PORT or PORT, such as 127.0.0.1:9101, not '\(text)'")
    }
    return address
  }
}
