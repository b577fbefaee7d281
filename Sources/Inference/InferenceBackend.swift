/// Runs neural networks: in this process, or on a server.
public protocol InferenceBackend: Sendable {
  /// Loads a model by name, and holds it to what its caller needs.
  /// - Throws: ``InferenceError``; ``InferenceError/wrongTensor(model:tensor:expected:found:)`` when it is another model
  ///   than the one that is meant.
  func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel
}

/// A model that is loaded. Runs of one model follow one another; runs of several may overlap.
public protocol InferenceModel: Sendable {
  var name: String { get }
  /// As the backend reports it, with the sizes that it leaves open.
  var signature: ModelSignature { get }

  /// Runs the model once.
  /// - Parameter inputs: by name, one for each input of the signature.
  /// - Returns: every output of the signature, by name.
  func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor]
}

/// What goes wrong with models.
public enum InferenceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no such model, or it cannot be read.
  case cannotLoad(model: String, reason: String)
  /// A tensor is not what it should be.
  case wrongTensor(model: String, tensor: String, expected: String, found: String)
  /// The run failed.
  case runFailed(model: String, reason: String)
  /// The backend is not there: its library is not installed, its server does not answer.
  case unavailable(reason: String)

  public var description: String {
    switch self {
    case .cannotLoad(let model, let reason): "model \(model) cannot be loaded: \(reason)"
    case .wrongTensor(let model, let tensor, let expected, let found):
      "model \(model), tensor \(tensor): expected \(expected), found \(found)"
    case .runFailed(let model, let reason): "model \(model) failed: \(reason)"
    case .unavailable(let reason): "no inference: \(reason)"
    }
  }
}
