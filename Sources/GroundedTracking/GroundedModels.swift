public import Detection
public import Inference
public import Segmentation

/// The networks of grounded tracking, loaded.
public struct GroundedModels: Sendable {
  public var detector: GroundingDetector
  public var networks: SegmentationNetworks
  /// For people: `gdino 1333×800, edgetam 1024`.
  public var name: String
  /// How long their runs took.
  public let times: StageTimes
  let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - detector: folder of Grounding DINO's networks, such as `gdino`.
  ///   - variants: see ``GroundingDetector/init(_:from:tokenizer:variants:decoder:)``.
  ///   - segmenter: folder of the segmenter's networks, such as `edgetam`.
  ///   - now: nanoseconds of a clock that does not go back.
  /// - Throws: ``InferenceError``
  public init(
    detector family: String, variants: [String] = [], segmenter: String, from backend: any InferenceBackend,
    tokenizer: WordPieceTokenizer, now: @escaping @Sendable () -> Int64
  ) async throws(InferenceError) {
    let times = StageTimes()
    let timed = TimedModels(backend, into: times, now: now)
    let detector = try await GroundingDetector(family, from: timed, tokenizer: tokenizer, variants: variants)
    networks = try await SegmentationNetworks(segmenter, from: timed)
    let sizes = detector.sizes.map { "\($0.width)×\($0.height)" }.joined(separator: " or ")
    name = "\(family) \(sizes), \(segmenter) \(networks.sizes.image)"
    self.detector = detector
    self.times = times
    self.now = now
  }
}
