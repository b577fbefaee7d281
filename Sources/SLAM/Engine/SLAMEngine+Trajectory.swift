public import Geometry

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

  /// A frame moves with the key frame that it hangs on, and the more with the next the nearer it is to that in time:
  /// hung on one alone, a path would keep the motion it had before adjustment, and jump where the next takes over.
  private static func worldFromCamera(_ record: FrameRecord, _ keyFrames: [KeyFrame]) -> SE3 {
    let keyFrame = keyFrames[record.keyFrame]
    let worldFromKeyFrame = keyFrame.cameraFromWorld.inverse
    var keyFrameFromCamera = record.cameraFromKeyFrame.inverse
    let next = record.keyFrame + 1
    guard next < keyFrames.count, let tracked = keyFrames[next].previousFromThis,
      keyFrame.nanos < record.nanos, record.nanos < keyFrames[next].nanos
    else { return worldFromKeyFrame * keyFrameFromCamera }
    let adjusted = keyFrame.cameraFromWorld * keyFrames[next].cameraFromWorld.inverse
    let share = Double(record.nanos - keyFrame.nanos) / Double(keyFrames[next].nanos - keyFrame.nanos)
    keyFrameFromCamera.translation += share * (adjusted.translation - tracked.translation)
    let turn = (adjusted.rotation * tracked.rotation.inverse).log
    keyFrameFromCamera.rotation = .exp(share * turn) * keyFrameFromCamera.rotation
    return worldFromKeyFrame * keyFrameFromCamera
  }
}
