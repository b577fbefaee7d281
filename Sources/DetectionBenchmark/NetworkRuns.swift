import Inference
import Synchronization

/// One run of a network.
struct NetworkRun: Hashable, Sendable {
  /// The end of its name: `encode_image`.
  var network: String
  var start: Duration
  var end: Duration
  /// How long the library itself computed; the whole run where it does not say.
  var inferred: Duration
}

/// Runs of networks in the order of their ends, until somebody takes them.
final class NetworkRuns: Sendable {
  private struct State {
    var runs: [NetworkRun] = []
    /// By model: what its run that is going on has computed.
    var inferred: [String: Duration] = [:]
  }

  private let origin = ContinuousClock.now
  private let state = Mutex(State())

  /// Since this was made.
  var now: Duration { origin.duration(to: .now) }

  /// A library has computed, in a run that has not returned yet.
  func inferred(_ model: String, _ duration: Duration) { state.withLock { $0.inferred[model] = duration } }

  func add(_ model: String, start: Duration) {
    let end = now
    state.withLock { state in
      let inferred = state.inferred.removeValue(forKey: model) ?? end - start
      let network = model.split(separator: "/").last.map(String.init) ?? model
      state.runs.append(NetworkRun(network: network, start: start, end: end, inferred: inferred))
    }
  }

  func take() -> [NetworkRun] {
    state.withLock { state in
      defer { state.runs = [] }
      return state.runs
    }
  }
}

/// The networks of another backend, whose runs are noted.
struct NotedModels: InferenceBackend {
  var backend: any InferenceBackend
  var runs: NetworkRuns

  func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
    Noted(model: try await backend.load(name, as: expected), runs: runs)
  }

  private struct Noted: InferenceModel {
    var model: any InferenceModel
    var runs: NetworkRuns

    var name: String { model.name }
    var signature: ModelSignature { model.signature }

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      let start = runs.now
      defer { runs.add(name, start: start) }
      return try await model.run(inputs)
    }
  }
}
