public import Tracking

/// How a detection service stands, for people and for REST.
public struct DetectionState: Hashable, Sendable {
  public enum Phase: String, Hashable, Sendable {
    /// Switched off.
    case off
    /// No video has come yet.
    case waiting
    /// Models are being loaded.
    case loading
    case running
    /// The mode cannot be had, and nothing took its place.
    case failed
  }

  public var phase: Phase
  /// The one in force, or wanted as soon as video comes.
  public var mode: DetectionMode
  /// How objects are found: `motion`, `fastestdet`, `grounded`; `nil` while nothing is looked for.
  public var method: String?
  public var prompt: String
  /// What it works with and what it decided, since the last frame.
  public var report = FinderReport()
  /// Frames looked at, and frames missed since it was too slow.
  public var frameCount = 0
  public var skippedCount = 0
  /// The last frame, and the objects in it.
  public var frameNumber: Int?
  public var objectCount = 0
  /// How long the last frame took, nanoseconds.
  public var frameNanos: Int64 = 0
  /// What does not work, in a line for people; `nil` when everything does.
  public var problem: String?
  /// Frames that failed in a row.
  public var failuresInARow = 0

  init(mode: DetectionMode, prompt: String) {
    phase = mode == .none ? .off : .waiting
    self.mode = mode
    self.prompt = prompt
  }
}
