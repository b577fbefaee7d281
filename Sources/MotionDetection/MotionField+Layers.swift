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
    let local = restNear(group, span: span, scene: scene)
    let motions = MotionLayer.Motions(
      span: span, group: { group.motion.velocity($0) * frames },
      rest: { place in
        // Where the ground that is here now was then: one step of a fixed point, since shifts change slowly.
        let guess = place - (scene.groundNow(place) - place)
        return scene.groundNow(guess) - guess + local
      })
    return MotionLayer(
      now: pictures[pictures.count - 1].image, then: pictures[pictures.count - 1 - span].image, box: group.box,
      around: group.members.map { points[$0].position }, motions: motions)
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
