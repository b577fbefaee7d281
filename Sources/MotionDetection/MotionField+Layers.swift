import Geometry

extension MotionField {
  /// Displacement against the ground that layers are told apart by, pixels.
  private static let layerShift: Float = 4

  /// The pixels that move with a group.
  func layer(of group: MotionGroup) -> MotionLayer? {
    let speed = (group.velocity * group.velocity).sum().squareRoot()
    let wanted = Self.layerShift / max(speed, 0.01)
    let choices = Self.spans.indices.filter { scenes[$0] != nil && Self.spans[$0] < pictures.count }
    guard
      let choice = choices.min(by: { abs(Float(Self.spans[$0]) - wanted) < abs(Float(Self.spans[$1]) - wanted) }),
      let scene = scenes[choice]
    else { return nil }
    let span = Self.spans[choice]
    let frames = Float(span)
    // A picture of half the time, or else the same.
    let laterChoice = Self.spans.indices.last { 2 * Self.spans[$0] <= span && scenes[$0] != nil } ?? choice
    let motions = MotionLayer.Motions(
      group: { group.motion.velocity($0) * frames }, rest: rest(near: group, span: span, scene: scene),
      restLater: rest(near: group, span: Self.spans[laterChoice], scene: scenes[laterChoice] ?? scene))
    var layer = MotionLayer(
      now: pictures[pictures.count - 1], then: pictures[pictures.count - 1 - span].image,
      later: pictures[pictures.count - 1 - Self.spans[laterChoice]].image, box: group.box,
      around: group.members.map { points[$0].position }, motions: motions)
    layer?.measureRest(pictures, group, rest: Self.rest(group))
    return layer
  }

  /// The shift since then of what is at rest near a group.
  private func rest(near group: MotionGroup, span: Int, scene: SceneMotion) -> (SIMD2<Float>) -> SIMD2<Float> {
    let local = restNear(group, span: span, scene: scene)
    return { place in
      // Where the ground that is here now was then: one step of a fixed point, since shifts change slowly.
      let guess = place - (scene.groundNow(place) - place)
      return scene.groundNow(guess) - guess + local
    }
  }

  /// How a group would move, were it at rest: along its line only, or like the ground, whichever is nearer.
  private static func rest(_ group: MotionGroup) -> SIMD2<Float> {
    let (aside, whole) = (group.aside, group.velocity)
    return (aside * aside).sum() >= 0.1 * (whole * whole).sum() ? aside : whole
  }

  /// By how much points at rest around a group moved otherwise than the ground would there, pixels over a span.
  private func restNear(_ group: MotionGroup, span: Int, scene: SceneMotion) -> SIMD2<Float> {
    let margin: Float = 24
    let (low, high) = (
      SIMD2(group.box.x, group.box.y) - margin, SIMD2(group.box.z, group.box.w) + margin
    )
    var (xs, ys): ([Float], [Float]) = ([], [])
    for index in points.indices where points[index].evidence < 0 && field.ages[index] >= Int32(span) {
      let position = points[index].position
      guard position.x > low.x, position.y > low.y, position.x < high.x, position.y < high.y else { continue }
      let offset = position - scene.groundNow(field.position(index, before: span))
      xs.append(offset.x)
      ys.append(offset.y)
    }
    guard xs.count >= 4 else { return .zero }
    return SIMD2(xs.sorted()[xs.count / 2], ys.sorted()[ys.count / 2])
  }
}

extension MotionField {
  /// Takes pixels of the previous picture to this one, by the mean of the last frames' motion of the ground.
  var imageFromPrevious: Matrix3? {
    // The shortest span tells most of the last frame.
    guard let scene = scenes[0] else { return nil }
    let frames = Double(Self.spans[0])
    let turn = SO3.exp(scene.motion.rotation.log / frames).matrix
    let t = scene.motion.direction / frames
    let g = scene.ground
    let plane = Matrix3(t * g.x, t * g.y, t * g.z)
    let camera = scene.camera
    let (f, c) = (camera.focalLength, camera.centre)
    let pixels = Matrix3(rows: SIMD3(f, 0, c.x), SIMD3(0, f, c.y), SIMD3(0, 0, 1))
    let bearings = Matrix3(rows: SIMD3(1 / f, 0, -c.x / f), SIMD3(0, 1 / f, -c.y / f), SIMD3(0, 0, 1))
    return pixels * (turn + plane) * bearings
  }
}
