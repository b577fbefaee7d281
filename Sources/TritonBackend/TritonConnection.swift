#if Triton
  import GRPCCore
  import GRPCNIOTransportHTTP2Posix
  internal import Inference

  /// The connection to a server, and the calls over it.
  final class TritonConnection: Sendable {
    private let client: GRPCClient<HTTP2ClientTransport.Posix>
    private let options: TritonOptions

    init(_ options: TritonOptions) throws(InferenceError) {
      self.options = options
      let config = HTTP2ClientTransport.Posix.Config.defaults { config in
        config.backoff.initial = options.firstWait
        config.backoff.max = options.longestWait
        // A frame's features are 20 MB; the default window stops the server every 8.
        config.http2.targetWindowSize = 32 << 20
      }
      do {
        client = GRPCClient(
          transport: try .http2NIOPosix(
            target: .dns(host: options.host, port: options.port), transportSecurity: .plaintext, config: config))
      } catch {
        throw .unavailable(reason: "\(error)")
      }
    }

    func run() async throws {
      try await withTaskCancellationHandler {
        try await client.runConnections()
      } onCancel: {
        client.beginGracefulShutdown()
      }
    }

    func isReady() async -> Bool {
      do {
        return try await once("ServerReady", [], timeout: options.deadline) { bytes in
          try OpenInference.isReady(bytes)
        }
      } catch {
        return false
      }
    }

    /// What a model takes and says, once the server has it ready.
    func signature(of name: String) async throws(InferenceError) -> ModelSignature {
      let query = OpenInference.query(model: TritonOptions.serverName(of: name))
      return try await repeated(name) { timeout in
        let isReady = try await self.once("ModelReady", query, timeout: timeout) { try OpenInference.isReady($0) }
        guard isReady else { throw RPCError(code: .unavailable, message: "the model is not ready") }
        return try await self.once("ModelMetadata", query, timeout: timeout) { bytes in
          try ModelMetadata(bytes).signature(model: name)
        }
      }
    }

    func run(
      _ name: String, _ inputs: [String: Tensor], of signature: ModelSignature
    ) async throws(InferenceError) -> [String: Tensor] {
      let request = OpenInference.inferRequest(
        model: TritonOptions.serverName(of: name),
        inputs: signature.inputs.compactMap { port in inputs[port.name].map { (port.name, $0) } },
        outputs: signature.outputs.map(\.name))
      return try await repeated(name) { timeout in
        do {
          return try await self.once("ModelInfer", request, timeout: timeout) { bytes in
            try InferResponse(bytes, of: signature, model: name).outputs
          }
        } catch let error as RPCError where error.code == .notFound {
          // It was there when it was loaded: the server has started again and has not come to it yet.
          throw RPCError(code: .unavailable, message: error.message)
        }
      }
    }

    /// Calls until it works, for as long as only the server's absence is in the way and the deadline is not over.
    private func repeated<Answer>(
      _ model: String, _ call: (Duration) async throws -> Answer
    ) async throws(InferenceError) -> Answer {
      let end = ContinuousClock.now + options.deadline
      var wait = options.firstWait
      var failure: RPCError?
      while true {
        let left = ContinuousClock.now.duration(to: end)
        if left > .zero {
          do {
            return try await call(left)
          } catch let error as RPCError where error.code == .unavailable {
            failure = error
          } catch let error as RPCError where error.code == .deadlineExceeded {
            throw unavailable(failure ?? error)
          } catch let error as RPCError {
            throw inferenceError(error, model)
          } catch let error as InferenceError {
            throw error
          } catch {
            throw .runFailed(model: model, reason: "\(error)")
          }
        }
        guard ContinuousClock.now + wait < end, (try? await Task.sleep(for: wait)) != nil else {
          throw unavailable(failure ?? RPCError(code: .deadlineExceeded, message: "no answer"))
        }
        wait = Swift.min(wait * 2, options.longestWait)
      }
    }

    private func unavailable(_ error: RPCError) -> InferenceError {
      .unavailable(
        reason: "no answer from \(options.host):\(options.port) within \(options.deadline): \(error.message)")
    }

    private func inferenceError(_ error: RPCError, _ model: String) -> InferenceError {
      switch error.code {
      case .notFound: .cannotLoad(model: model, reason: error.message)
      default: .runFailed(model: model, reason: "\(error.code): \(error.message)")
      }
    }

    /// One call. The bytes of the answer are gone after `read`.
    private func once<Answer: Sendable>(
      _ method: String, _ request: [UInt8], timeout: Duration,
      read: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Answer
    ) async throws -> Answer {
      var callOptions = CallOptions.defaults
      callOptions.timeout = timeout
      callOptions.waitForReady = true
      callOptions.maxRequestMessageBytes = options.largestAnswer
      callOptions.maxResponseMessageBytes = options.largestAnswer
      return try await client.unary(
        request: ClientRequest(message: request),
        descriptor: MethodDescriptor(fullyQualifiedService: OpenInference.service, method: method),
        serializer: WholeMessage(), deserializer: ReadMessage(read: read), options: callOptions
      ) { response in try response.message.get() }
    }
  }

  /// A message that is encoded already.
  private struct WholeMessage: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
  }

  /// A message that is decoded where it lies.
  private struct ReadMessage<Answer: Sendable>: MessageDeserializer {
    let read: @Sendable (UnsafeRawBufferPointer) throws -> Answer

    /// An error of ours keeps its type as a value, for gRPC makes its own of those that are thrown here.
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Result<Answer, any Error> {
      bytes.withUnsafeBytes { bytes in Result { try read(bytes) } }
    }
  }
#endif
