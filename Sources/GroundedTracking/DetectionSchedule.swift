/// Why a frame was searched for objects.
public enum DetectionReason: String, Hashable, Sendable, CaseIterable {
  /// Something else is looked for, or it is the first frame.
  case prompt
  /// The picture shows another scene.
  case scene
  /// An object went out of sight.
  case lost
  /// The last search is long ago.
  case interval
}

/// Decides in which frames objects are searched for: every so often, and where something happened.
struct DetectionSchedule: Hashable, Sendable {
  /// Frames from one search to the next where nothing happens.
  var interval: Int
  /// Frames from one search to the next at least, where an object went out of sight.
  var minimalGap: Int
  /// Change of the ``SceneSignature`` from one frame to the next from which it is another scene, grey levels.
  var sceneChange: Double

  private var scene: SceneSignature?
  private var sinceSearch = 0
  private var pending: Set<DetectionReason> = [.prompt]

  init(interval: Int, minimalGap: Int, sceneChange: Double) {
    self.interval = interval
    self.minimalGap = minimalGap
    self.sceneChange = sceneChange
  }

  /// Something else is looked for from the next frame on.
  mutating func promptChanged() { pending.insert(.prompt) }

  /// Takes the next frame.
  /// - Parameters:
  ///   - scene: what it looks like.
  ///   - hasLost: whether an object that was in sight in the frame before is not in this one.
  /// - Returns: why this frame should be searched; `nil` when it need not be.
  mutating func reason(_ scene: SceneSignature, hasLost: Bool) -> DetectionReason? {
    sinceSearch += 1
    if let last = self.scene, scene.change(from: last) > sceneChange { pending.insert(.scene) }
    self.scene = scene
    if hasLost { pending.insert(.lost) }
    if pending.contains(.prompt) { return .prompt }
    if pending.contains(.scene) { return .scene }
    if pending.contains(.lost), sinceSearch >= minimalGap { return .lost }
    return sinceSearch >= interval ? .interval : nil
  }

  /// The frame is searched.
  mutating func searched() {
    sinceSearch = 0
    pending = []
  }
}
