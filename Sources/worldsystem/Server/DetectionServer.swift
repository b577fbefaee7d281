import Inference
import Settings
import TritonBackend

/// The server that runs the models of detection, where the settings name one.
enum DetectionServer {
  /// How long it may take to say that it is ready, before there is video.
  private static let firstDeadline = Duration.seconds(5)

  /// - Returns: `nil` when this process runs them.
  /// - Throws: `CommandFailure` with 64 for an address that is none.
  static func options(_ settings: Settings.Detection, deadline: Duration) throws -> TritonOptions? {
    guard let address = settings.triton else { return nil }
    guard let options = TritonOptions(address, deadline: deadline) else {
      throw CommandFailure(.usage, "detect.triton is HOST:PORT, not '\(address)'")
    }
    return options
  }

  /// Asks the server whether it is ready.
  /// - Throws: `CommandFailure` with 69 when it does not answer, or this program has no gRPC.
  static func check(_ settings: Settings.Detection) async throws {
    guard let options = try options(settings, deadline: firstDeadline) else { return }
    let backend: TritonBackend
    do throws(InferenceError) { backend = try TritonBackend(options) } catch {
      throw CommandFailure(.unavailable, "models cannot run on the server: \(error)")
    }
    let isReady = await withTaskGroup(of: Void.self) { group in
      // A connection that ends early makes the question below fail.
      group.addTask { try? await backend.run() }
      defer { group.cancelAll() }
      return await backend.isReady()
    }
    guard isReady else {
      throw CommandFailure(
        .unavailable, "no server of the Open Inference Protocol answers at \(options.host):\(options.port)")
    }
  }
}
