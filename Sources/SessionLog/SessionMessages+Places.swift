import FoxgloveSchemas
import Geometry
import MediaModel
import SessionEvents

extension SessionMessages {
  /// Of an object whose size is not known, metres or units of the map.
  private static let ballSize = SIMD3<Double>(repeating: 0.3)

  /// All objects at once. What was there before is deleted in the same message, so that one that was missed, or a jump in
  /// a recording, leaves nothing behind.
  static func scene(_ places: [SessionEvent.Place], _ time: WallTime) -> Foxglove.SceneUpdate {
    Foxglove.SceneUpdate(
      deletions: [Foxglove.SceneEntityDeletion(timestamp: time, kind: .all)],
      entities: places.map { entity($0, time) })
  }

  private static func entity(_ place: SessionEvent.Place, _ time: WallTime) -> Foxglove.SceneEntity {
    let pose = Foxglove.Pose(position: place.position, orientation: SIMD4(0, 0, 0, 1))
    var color = color(of: place.object)
    color.rgba.w = 0.5
    let label = Foxglove.TextPrimitive(
      pose: pose, fontSize: 14, isScaleInvariant: true, color: Foxglove.Color(1, 1, 1),
      text: "\(place.label) \(place.object)")
    var entity = Foxglove.SceneEntity(
      timestamp: time, frameID: SessionFrame.world, id: "object-\(place.map)-\(place.object)",
      metadata: metadata(place),
      texts: [label])
    if let halfSize = place.halfSize {
      entity.cubes = [Foxglove.CubePrimitive(pose: pose, size: 2 * halfSize, color: color)]
    } else {
      entity.spheres = [Foxglove.SpherePrimitive(pose: pose, size: ballSize, color: color)]
    }
    return entity
  }

  /// One standard deviation of the position along x, y and z, in its unit.
  private static let deviationNames = ["deviation_x", "deviation_y", "deviation_z"]

  private static func metadata(_ place: SessionEvent.Place) -> [Foxglove.KeyValuePair] {
    var pairs: [Foxglove.KeyValuePair] = [
      .init("id", "\(place.object)"), .init("label", place.label), .init("map", "\(place.map)"),
    ]
    if let deviation = place.deviation {
      for (axis, name) in deviationNames.enumerated() { pairs.append(.init(name, "\(deviation[axis])")) }
    }
    if let seenAt = place.seenAt { pairs.append(.init("seen_ns", "\(seenAt.nanosSince1970)")) }
    if let earth = place.earth {
      pairs += [
        .init("latitude", "\(earth.latitudeDegrees)"), .init("longitude", "\(earth.longitudeDegrees)"),
        .init("altitude", "\(earth.altitudeMetres)"),
      ]
    }
    for (name, error) in [
      ("horizontal_error_m", place.horizontalErrorMetres), ("vertical_error_m", place.verticalErrorMetres),
    ] {
      if let error { pairs.append(.init(name, "\(error)")) }
    }
    return pairs
  }
}
