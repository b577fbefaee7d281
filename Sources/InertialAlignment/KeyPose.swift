import Geometry

/// A pose of the camera that takes part in an estimate, with its time in seconds since a base.
package struct KeyPose {
  package var time: Double
  package var worldFromCamera: SE3

  package init(time: Double, worldFromCamera: SE3) {
    self.time = time
    self.worldFromCamera = worldFromCamera
  }

  /// The plausible poses in the order of their times, each time once.
  package static func sorted(_ poses: [TimedPose], base: Int64) -> [KeyPose] {
    var kept = poses.filter(\.isPlausible)
    let isAscending = zip(kept, kept.dropFirst()).allSatisfy { $0.nanos < $1.nanos }
    if !isAscending { kept.sort { $0.nanos < $1.nanos } }
    var keys: [KeyPose] = []
    for pose in kept {
      let key = KeyPose(time: seconds(pose.nanos, since: base), worldFromCamera: pose.worldFromCamera)
      if let last = keys.last, key.time <= last.time { continue }
      keys.append(key)
    }
    return keys
  }

  /// Over more time between poses too little is left of what an IMU tells, seconds.
  private static let longestInterval = 0.5

  /// Poses at least `interval` apart, and no more than about `limit` where the path is not too long for that.
  static func thinned(_ poses: [KeyPose], interval: Double, limit: Int) -> [KeyPose] {
    guard let first = poses.first, let last = poses.last else { return [] }
    // Frames come a little early or late; a tenth of tolerance keeps every second one of 20 a second at 0.1 s.
    let even = min(longestInterval, (last.time - first.time) / Double(max(2, limit) - 1))
    let step = max(interval * 0.9, even)
    var kept = [first]
    for pose in poses.dropFirst() where pose.time - kept[kept.count - 1].time >= step { kept.append(pose) }
    return kept
  }
}
