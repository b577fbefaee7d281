/// What is kept of one object: the frames where a prompt showed it, and the last ones.
///
/// Bounded: at most ``SegmentationOptions/conditioningFrames`` and 15 pointers, 6 of them with a memory.
///
/// Source: Ravi et al. 2024, "SAM 2", §4, memory bank; the choice of frames as in Hugging Face's `Sam2VideoModel`.
struct ObjectMemory: Sendable {
  /// What is kept of a frame.
  struct Frame: Sendable {
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

  /// Oldest first.
  private var conditioning: [Frame] = []
  /// Oldest first.
  private var recent: [Frame] = []

  /// What frame `index` attends to, in the order of the reference: the frames of prompts, and then the last six, the oldest
  /// first. The second is the row of the network's encoding of time.
  func memories(at index: Int) -> [(memory: [Float], time: Int64)] {
    conditioning.map { ($0.memory, Int64(Self.memoryCount - 1)) }
      + recent.filter { index - $0.index < Self.memoryCount }.map { ($0.memory, Int64(index - $0.index - 1)) }
  }

  /// The pointers that frame `index` attends to, in the order of the reference: those of prompts, and then the newest
  /// first. The second is how many frames ago that was.
  func pointers(at index: Int) -> [(pointer: [Float], age: Float)] {
    (conditioning + recent.reversed().filter { index - $0.index <= Self.pointerReach })
      .map { ($0.pointer, Float(index - $0.index)) }
  }

  /// - Parameter limit: frames of prompts that are kept; older ones go on as ordinary ones.
  mutating func remember(_ frame: Frame, isConditioning: Bool, limit: Int) {
    if isConditioning { conditioning.append(frame) } else { recent.append(frame) }
    while conditioning.count > limit { recent.append(conditioning.removeFirst()) }
    // The next frame is the first that attends to this one.
    let next = frame.index + 1
    recent.removeAll { next - $0.index > Self.pointerReach }
    recent.sort { $0.index < $1.index }
    for place in recent.indices where next - recent[place].index >= Self.memoryCount { recent[place].memory = [] }
  }
}
