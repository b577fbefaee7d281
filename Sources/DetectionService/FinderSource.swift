public import Tracking

/// The methods of finding objects that a process has.
public protocol FinderSource: Sendable {
  /// The mode when nobody asked for one.
  var usualMode: DetectionMode { get }

  /// Why a mode cannot be had; `nil` when it can. Answers at once.
  func reasonAgainst(_ mode: DetectionMode) -> String?

  /// Begins to find objects in a video. May take seconds, in which models are loaded.
  /// - Parameter prompt: what to look for, where the mode can be told.
  func finder(_ mode: DetectionMode, prompt: String) async throws -> any ObjectFinder
}
