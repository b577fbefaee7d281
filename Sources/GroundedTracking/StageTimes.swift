public import Inference
public import Tracking
import Synchronization

/// How long networks and other stages took, until somebody asks. Bounded: of more than are kept, the oldest are lost.
public final class StageTimes: Sendable {
  /// Between two reports: some seconds of a stream.
  public static let limit = 512

  private let times = Mutex<[FinderReport.StageTime]>([])

  public init() {}

  public func add(_ stage: String, nanos: Int64) {
    times.withLock { times in
      if times.count >= Self.limit { times.removeFirst(times.count - Self.limit + 1) }
      times.append(.init(stage, nanos: nanos))
    }
  }

  /// What was added since the last call, in order.
  public func take() -> [FinderReport.StageTime] {
    times.withLock { times in
      defer { times = [] }
      return times
    }
  }
}

/// The networks of another backend, with a clock beside them.
public struct TimedModels: InferenceBackend {
  /// Network by the end of its name, and what its time counts as.
  private static let stages = [
    "gd_text": "text", "encode_image": "encode", "attend_memory": "attend", "decode_mask": "decode",
    "encode_memory": "memory", "prompt_mask": "decode",
  ]

  private let backend: any InferenceBackend
  private let times: StageTimes
  private let now: @Sendable () -> Int64

  /// - Parameter now: nanoseconds of a clock that does not go back.
  public init(_ backend: any InferenceBackend, into times: StageTimes, now: @escaping @Sendable () -> Int64) {
    self.backend = backend
    self.times = times
    self.now = now
  }

  public func load(_ name: String, as expected: ModelSignature) async throws(InferenceError) -> any InferenceModel {
    let network = name.split(separator: "/").last.map(String.init) ?? name
    return TimedModel(
      model: try await backend.load(name, as: expected), stage: Self.stages[network] ?? "detect", times: times, now: now
    )
  }

  private struct TimedModel: InferenceModel {
    var model: any InferenceModel
    var stage: String
    var times: StageTimes
    var now: @Sendable () -> Int64

    var name: String { model.name }
    var signature: ModelSignature { model.signature }

    func run(_ inputs: [String: Tensor]) async throws(InferenceError) -> [String: Tensor] {
      let start = now()
      defer { times.add(stage, nanos: now() - start) }
      return try await model.run(inputs)
    }
  }
}
