public import Inference

#if OpenVINO
  import FoundationEssentials
  import Threading
#endif

/// Runs models in this process, on its processor, with OpenVINO.
///
/// A model is a file below one folder, named by its path there without extension: `sam2/encode_image` is
/// `sam2/encode_image.xml` with `sam2/encode_image.bin` beside it, else `sam2/encode_image.onnx`. Models are loaded one
/// after the other on a thread of the backend; each then has a thread of its own, so that a slow one does not hold up
/// the others. None of it runs on the cooperative pool.
public final class OpenVINOBackend: InferenceBackend {
  #if OpenVINO
    private let folder: String
    private let options: OpenVINOOptions
    private let runtime: SharedRuntime
    private let thread = ThreadExecutor(name: "openvino")
    private let inferred: (@Sendable (String, Duration) -> Void)?
  #endif

  /// - Parameters:
  ///   - folder: of the models.
  ///   - inferred: learns of each run, by the model's name, how long OpenVINO itself computed, without what is copied
  ///     and checked for it; called before the run returns, on the model's thread.
  /// - Throws: ``InferenceError/unavailable(reason:)`` when the program was built without OpenVINO, or it does not start.
  public init(
    folder: String, options: OpenVINOOptions = OpenVINOOptions(),
    inferred: (@Sendable (_ model: String, _ duration: Duration) -> Void)? = nil
  ) throws(InferenceError) {
    #if OpenVINO
      self.inferred = inferred
      self.folder = folder
      self.options = options
      runtime = try SharedRuntime()
    #else
      throw .unavailable(
        reason: "this program was built without OpenVINO; build it with scripts/install-dependencies and ./run")
    #endif
  }

  public func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
    #if OpenVINO
      let path = try path(of: name)
      let network = try await thread.outcome { [runtime, options, inferred] () throws(InferenceError) in
        try LoadedNetwork(
          name: name, path: path, as: expected, options: options, runtime: runtime, inferred: inferred)
      }
      return OpenVINOModel(network)
    #else
      throw .unavailable(reason: "this program was built without OpenVINO")
    #endif
  }

  #if OpenVINO
    private func path(of name: String) throws(InferenceError) -> String {
      let candidates = ["xml", "onnx"].map { "\(folder)/\(name).\($0)" }
      guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
        throw .cannotLoad(model: name, reason: "there is neither \(candidates[0]) nor \(candidates[1])")
      }
      return path
    }
  #endif
}
