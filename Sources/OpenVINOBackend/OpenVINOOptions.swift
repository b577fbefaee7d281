/// How OpenVINO runs the models.
public struct OpenVINOOptions: Hashable, Sendable {
  /// The numbers that a model computes with.
  public enum Precision: String, Hashable, Sendable, CaseIterable {
    /// 32-bit floats, as the models were trained: results equal the reference.
    case float32 = "f32"
    /// 16-bit floats with the range of 32-bit ones: less memory, errors of 1e-3 to 1e-1, and faster only on processors
    /// with matrix units.
    case bfloat16 = "bf16"
  }

  /// Set on every model, for OpenVINO's own choice depends on the processor.
  public var precision = Precision.float32
  /// Threads that a model runs on; `nil` for one a core.
  public var threads: Int?
  /// Where compiled models are kept, so that they load faster the next time; `nil` for nowhere. OpenVINO makes the folder.
  public var cacheFolder: String?

  public init(precision: Precision = .float32, threads: Int? = nil, cacheFolder: String? = nil) {
    self.precision = precision
    self.threads = threads
    self.cacheFolder = cacheFolder
  }

  /// OpenVINO's properties for a model.
  var properties: [(key: String, value: String)] {
    var properties = [
      ("INFERENCE_PRECISION_HINT", precision.rawValue), ("PERFORMANCE_HINT", "LATENCY"), ("NUM_STREAMS", "1"),
    ]
    if let threads { properties.append(("INFERENCE_NUM_THREADS", "\(threads)")) }
    if let cacheFolder { properties.append(("CACHE_DIR", cacheFolder)) }
    return properties
  }
}
