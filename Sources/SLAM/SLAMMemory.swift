/// How much a back end keeps in its maps, for who watches that it stays within its bounds.
public struct SLAMMemory: Hashable, Sendable {
  /// Key frames of the present map, with those of which only the pose is left.
  public var keyFrames: Int
  /// Key frames with features, by which places are recognised, of all maps.
  public var describedKeyFrames = 0
  /// Of all maps.
  public var points = 0
  /// Maps that the camera may be found in.
  public var maps = 0
  /// Bytes of the features, and of the index that finds them.
  public var featureBytes = 0
  public var placeBytes = 0
  /// Frames whose poses are kept, and that were dropped since there were too many.
  public var poses: Int
  public var droppedPoses: Int

  public init(keyFrames: Int = 0, poses: Int = 0, droppedPoses: Int = 0) {
    self.keyFrames = keyFrames
    self.poses = poses
    self.droppedPoses = droppedPoses
  }

  mutating func add(_ map: SLAMMap) {
    describedKeyFrames += map.places.keyFrames.count
    points += map.points.count
    maps += map.points.isEmpty ? 0 : 1
    featureBytes += map.places.keyFrames.reduce(0) { $0 + map.keyFrames[$1].features.byteCount }
    placeBytes += map.places.byteCount
  }
}
