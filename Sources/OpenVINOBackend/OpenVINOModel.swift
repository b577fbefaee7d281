#if OpenVINO
  import Inference
  import Threading

  /// A model with the thread that it runs on.
  final class OpenVINOModel: InferenceModel {
    let name: String
    let signature: ModelSignature
    private let network: LoadedNetwork
    private let thread: ThreadExecutor

    init(_ network: LoadedNetwork) {
      self.network = network
      name = network.name
      signature = network.signature
      thread = ThreadExecutor(name: network.name)
    }

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      try signature.check(inputs: inputs, model: name)
      return try await thread.outcome { [network] () throws(InferenceError) in try network.run(inputs) }
    }
  }

  extension ThreadExecutor {
    /// Runs `work` on the thread, with the type of its error kept.
    func outcome<Value: Sendable>(
      _ work: @Sendable () throws(InferenceError) -> Value
    ) async throws(InferenceError) -> Value {
      do {
        return try await run(work)
      } catch let error as InferenceError {
        throw error
      } catch {
        throw .unavailable(reason: "\(error)")
      }
    }
  }

  /// OpenVINO, started.
  // Safe because OpenVINO's core locks its own state; every call into it may come from any thread.
  final class SharedRuntime: @unchecked Sendable {
    let core: Runtime

    init() throws(InferenceError) { core = try Runtime() }
  }

  /// A compiled model with the one request that runs it.
  // Safe because the request is used on the thread of its `OpenVINOModel` only, after it was made on the backend's.
  final class LoadedNetwork: @unchecked Sendable {
    let name: String
    let signature: ModelSignature
    private let request: Request
    /// OpenVINO lives as long as what it compiled.
    private let runtime: SharedRuntime
    private let inferred: (@Sendable (String, Duration) -> Void)?

    init(
      name: String, path: String, as expected: ModelSignature, options: OpenVINOOptions, runtime: SharedRuntime,
      inferred: (@Sendable (String, Duration) -> Void)?
    ) throws(InferenceError) {
      self.name = name
      self.inferred = inferred
      self.runtime = runtime
      let description = try runtime.core.read(model: name, path: path)
      signature = try description.signature(model: name)
      try signature.check(model: name, is: expected)
      request = try runtime.core.compile(description, model: name, options: options)
    }

    func run(_ inputs: [String: Tensor]) throws(InferenceError) -> [String: Tensor] {
      try request.run(inputs, of: signature, model: name) { inferred?(name, $0) }
    }
  }
#endif
