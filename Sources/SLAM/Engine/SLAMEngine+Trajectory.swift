package import Geometry

// What became of the poses of all frames.
extension SLAMEngine {
  public func trajectory(since nanos: Int64) -> [SLAMPose] {
    let start = records.lastIndex { $0.nanos < nanos }.map { $0 + 1 } ?? 0
    return records[start...].compactMap { record in
      let keyFrames = record.map == mapNumber ? map.keyFrames : atlas.keyFrames(of: record.map)
      guard keyFrames.indices.contains(record.keyFrame) else { return nil }
      return SLAMPose(
        frameNumber: record.number, nanos: record.nanos, map: record.map,
        worldFromCamera: Self.worldFromCamera(record, keyFrames))
    }
  }

  private static func worldFromCamera(_ record: FrameRecord, _ keyFrames: [KeyFrame]) -> SE3 {
    let keyFrame = keyFrames[record.keyFrame]
    let worldFromKeyFrame = keyFrame.cameraFromWorld.inverse
    let keyFrameFromCamera = record.cameraFromKeyFrame.inverse
    let next = record.keyFrame + 1
    guard next < keyFrames.count, let tracked = keyFrames[next].previousFromThis,
      keyFrame.nanos < record.nanos, record.nanos < keyFrames[next].nanos
    else { return worldFromKeyFrame * keyFrameFromCamera }
    let adjusted = keyFrame.cameraFromWorld * keyFrames[next].cameraFromWorld.inverse
    let share = Double(record.nanos - keyFrame.nanos) / Double(keyFrames[next].nanos - keyFrame.nanos)
    return worldFromKeyFrame
      * KeyFrameStep(tracked: tracked, adjusted: adjusted).moved(keyFrameFromCamera, share: share)
  }
}

/// From a key frame to the next, as it was tracked and as it is known now.
package struct KeyFrameStep {
  /// The pose of the next in the axes of the first.
  package var tracked: SE3
  package var adjusted: SE3

  package init(tracked: SE3, adjusted: SE3) { (self.tracked, self.adjusted) = (tracked, adjusted) }

  /// The pose of a frame in between, in the axes of the first key frame, as it follows from how it was tracked.
  ///
  /// It moves with the first, and the more with the next the nearer it is to that in time. Hung on the first alone, a
  /// path would keep the motion it had before adjustment, and jump where the next takes over.
  /// - Parameter share: of the time between the two that had passed, 0…1.
  package func moved(_ pose: SE3, share: Double) -> SE3 {
    let turn = (adjusted.rotation * tracked.rotation.inverse).log
    return SE3(
      rotation: .exp(share * turn) * pose.rotation,
      translation: pose.translation + share * (adjusted.translation - tracked.translation))
  }
}
