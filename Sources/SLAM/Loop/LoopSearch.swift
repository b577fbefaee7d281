/// The search for what a key frame shows again, in pieces that each fit into a frame: first places are proposed, then
/// each is looked at closely, then earlier maps have their turn.
struct LoopSearch {
  /// What a piece of the search found.
  enum Outcome {
    case nothing
    case loop(LoopCloser.Loop)
    /// There is none in the map: the search is over, and earlier maps are to be asked.
    case exhausted
  }

  /// In the present map.
  let keyFrame: Int
  /// Key frames to look at closely, the best last; `nil` before they are proposed.
  private var candidates: [Int]?
  /// Frames that had no time for the search since its last piece.
  var framesWaited = 0

  init(keyFrame: Int) { self.keyFrame = keyFrame }

  /// Does the next piece.
  mutating func advance(_ closer: inout LoopCloser, in map: SLAMMap) -> Outcome {
    framesWaited = 0
    guard candidates != nil else {
      candidates = closer.candidates(for: keyFrame, in: map).reversed()
      return .nothing
    }
    guard let candidate = candidates?.popLast() else { return .exhausted }
    guard let loop = closer.loop(of: keyFrame, near: candidate, in: map) else { return .nothing }
    candidates = []
    return .loop(loop)
  }
}
