/// What is kept of one object: the frames where a prompt showed it, and the last ones.
///
/// Bounded: at most ``SegmentationOptions/conditioningFrames`` and 15 pointers, 6 of them with a memory.
///
/// Source: Ravi et al. 2024, "SAM 2", §4, memory bank; the choice of frames as in Hugging Face's `Sam2VideoModel`.
struct ObjectMemory: Sendable {
  /// What is kept of a frame.
  private struct Frame: Sendable {
    /// Among the frames that the object was looked for in.
    var index: Int
    /// `[memoryTokens, memoryChannels]`; empty once it is too old to be attended to.
    var memory: [Float]
    /// `[channels]`
    var pointer: [Float]
  }

  /// Memories that the network tells apart in time: the last six frames, and those of a prompt.
  static let memoryCount = 7
  /// Frames back from which a pointer is attended to.
  static let pointerReach = 15

  /// Frames that the object was looked for in so far. One that is looked for in every third frame only remembers those.
  private(set) var next = 0
  /// Oldest first.
  private var conditioning: [Frame] = []
  /// Oldest first.
  private var recent: [Frame] = []

  /// What the next frame attends to, in the order of the reference: the frames of prompts, and then the last six, the oldest
  /// first. The second is the row of the network's encoding of time.
  var memories: [(memory: [Float], time: Int64)] {
    conditioning.map { ($0.memory, Int64(Self.memoryCount - 1)) }
      + recent.filter { next - $0.index < Self.memoryCount }.map { ($0.memory, Int64(next - $0.index - 1)) }
  }

  /// The pointers that the next frame attends to, in the order of the reference: those of prompts, and then the newest
  /// first. The second is how many frames ago that was.
  var pointers: [(pointer: [Float], age: Float)] {
    (conditioning + recent.reversed().filter { next - $0.index <= Self.pointerReach })
      .map { ($0.pointer, Float(next - $0.index)) }
  }

  /// Keeps the next frame.
  /// - Parameters:
  ///   - memory: `[memoryTokens, memoryChannels]`
  ///   - pointer: `[channels]`
  ///   - limit: frames of prompts that are kept; older ones go on as ordinary ones.
  mutating func remember(_ memory: [Float], _ pointer: [Float], isConditioning: Bool, limit: Int) {
    let frame = Frame(index: next, memory: memory, pointer: pointer)
    if isConditioning { conditioning.append(frame) } else { recent.append(frame) }
    while conditioning.count > limit { recent.append(conditioning.removeFirst()) }
    next += 1
    recent.removeAll { next - $0.index > Self.pointerReach }
    recent.sort { $0.index < $1.index }
    for place in recent.indices where next - recent[place].index >= Self.memoryCount { recent[place].memory = [] }
  }
}
