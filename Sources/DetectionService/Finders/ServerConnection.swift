import Inference
import TritonBackend

/// The models of a server, and the connection to it, which ends with this.
final class ServerConnection: Sendable {
  let backend: TritonBackend
  private let task: Task<Void, Never>

  /// - Throws: ``ModelChoiceError/noServer(reason:)`` when this program cannot talk to servers.
  init(_ options: TritonOptions) throws(ModelChoiceError) {
    let backend: TritonBackend
    do throws(InferenceError) { backend = try TritonBackend(options) } catch {
      throw .noServer(reason: "\(error)")
    }
    self.backend = backend
    // Unstructured because it is as old as this is; `deinit` cancels it. The backend looks for the server again itself.
    task = Task { try? await backend.run() }
  }

  deinit { task.cancel() }
}
