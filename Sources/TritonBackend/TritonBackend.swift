public import Inference

/// Runs models on a server that speaks the Open Inference Protocol, version 2, over gRPC, such as Triton Inference Server.
///
/// ``run()`` keeps the connection; calls that come before it wait. A server that goes away is looked for again, with growing
/// waits; a run that it interrupts is tried anew until its deadline, since a run changes nothing on the server. Batching is
/// left to the server.
public final class TritonBackend: InferenceBackend {
  #if Triton
    private let connection: TritonConnection
  #endif

  /// - Throws: ``InferenceError/unavailable(reason:)`` when the program was built without gRPC.
  public init(_ options: TritonOptions) throws(InferenceError) {
    #if Triton
      connection = try TritonConnection(options)
    #else
      throw .unavailable(reason: Self.absent)
    #endif
  }

  static let absent = "this program was built without gRPC; build it with WORLDSYSTEM_TRITON=1"

  /// Keeps the connection to the server until the task is cancelled.
  public func run() async throws {
    #if Triton
      try await connection.run()
    #endif
  }

  /// Whether the server answers, and is ready to run models.
  public func isReady() async -> Bool {
    #if Triton
      await connection.isReady()
    #else
      false
    #endif
  }

  public func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
    #if Triton
      let signature = try await connection.signature(of: name)
      try signature.check(model: name, is: expected)
      return TritonModel(name: name, signature: signature, connection: connection)
    #else
      throw .unavailable(reason: Self.absent)
    #endif
  }
}

#if Triton
  /// A model on a server.
  private struct TritonModel: InferenceModel {
    let name: String
    let signature: ModelSignature
    let connection: TritonConnection

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      try signature.check(inputs: inputs, model: name)
      return try await connection.run(name, inputs, of: signature)
    }
  }
#endif
