/// How long one frame of grounded tracking took, by stage: the stages add up to the whole.
public struct FrameTimes: Codable, Hashable, Sendable {
  /// What the time of a frame goes to.
  public enum Stage: String, Codable, Sendable, CaseIterable {
    case colours = "picture to RGB"
    case image = "resize, normalise"
    case encode = "encode_image"
    case gather = "gather memories"
    case attend = "attend_memory"
    case decode = "decode_mask"
    case masks = "masks, tracking"
    case text = "gd_text"
    case detect = "gd_detect"
    case boxes = "boxes, association"
    case memory = "encode_memory"
    case keep = "keep memories"
    case copies = "to and from networks"

    /// Whether it is a network's.
    public var isNetwork: Bool { [.encode, .attend, .decode, .text, .detect, .memory].contains(self) }
  }

  public var number: Int
  /// Whether objects were searched for in it.
  public var isSearched: Bool
  /// Objects that were followed, and those of them that were in sight.
  public var followed: Int
  public var visible: Int
  /// From the decoded picture to objects.
  public var wholeMillis: Double
  /// By ``Stage``'s name.
  public var stageMillis: [String: Double]

  /// What the networks computed.
  public var networkMillis: Double {
    Stage.allCases.filter(\.isNetwork).reduce(0) { $0 + self[$1] }
  }

  /// What there is beside the networks, as a share of what they computed.
  public var overhead: Double { networkMillis > 0 ? (wholeMillis - networkMillis) / networkMillis : 0 }

  subscript(_ stage: Stage) -> Double { stageMillis[stage.rawValue] ?? 0 }

  /// Shares out the time of a frame.
  /// - Parameters:
  ///   - start: when the picture was there.
  ///   - coloured: when it was in red, green and blue.
  ///   - end: when its objects were known.
  ///   - runs: of networks in between, in order.
  init(number: Int, isSearched: Bool, start: Duration, coloured: Duration, end: Duration, runs: [NetworkRun]) {
    self.number = number
    self.isSearched = isSearched
    (followed, visible) = (0, 0)
    wholeMillis = Self.millis(end - start)
    var stages: [Stage: Double] = [.colours: Self.millis(coloured - start)]
    var (last, before) = (coloured, Stage?.none)
    for run in runs {
      let stage = Self.stage(of: run.network)
      stages[Self.stage(from: before, to: stage), default: 0] += Self.millis(run.start - last)
      stages[stage, default: 0] += Self.millis(run.inferred)
      stages[.copies, default: 0] += Self.millis(run.end - run.start - run.inferred)
      (last, before) = (run.end, stage)
    }
    stages[before == nil ? .masks : .keep, default: 0] += Self.millis(end - last)
    stageMillis = Dictionary(uniqueKeysWithValues: stages.map { ($0.key.rawValue, $0.value) })
  }

  private static func stage(of network: String) -> Stage {
    switch network {
    case "encode_image": .encode
    case "attend_memory": .attend
    case "decode_mask", "prompt_mask": .decode
    case "encode_memory": .memory
    case "gd_text": .text
    default: .detect
    }
  }

  /// What happens between two networks.
  private static func stage(from before: Stage?, to next: Stage) -> Stage {
    switch (before, next) {
    // A detector that follows a segmenter has its picture made after the masks; of the first frame it is the picture.
    case (nil, _): .image
    case (.detect, _): .boxes
    case (_, .attend), (_, .decode): .gather
    default: .masks
    }
  }

  static func millis(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) * 1_000 + Double(attoseconds) / 1e15
  }
}
