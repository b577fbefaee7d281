/// A closed path around a block: a square with rounded corners, run through clockwise (traffic keeps to the right).
struct BlockLoop {
  var centre: SIMD2<Float>
  var half: Float
  var cornerRadius: Float
  var isClockwise = true

  var length: Float { 8 * (half - cornerRadius) + 2 * .pi * cornerRadius }

  /// Place and direction after `distance` metres; any distance, the path repeats.
  func point(at distance: Float) -> (place: SIMD2<Float>, direction: SIMD2<Float>) {
    var along = distance.truncatingRemainder(dividingBy: length)
    if along < 0 { along += length }
    let straight = 2 * (half - cornerRadius)
    let arc = .pi / 2 * cornerRadius
    let side = min(3, Int(along / (straight + arc)))
    let rest = along - Float(side) * (straight + arc)
    // The first side: the west one, northwards; the others are it, turned.
    var place: SIMD2<Float>
    var direction: SIMD2<Float>
    if rest < straight {
      place = SIMD2(-half, -half + cornerRadius + rest)
      direction = SIMD2(0, 1)
    } else {
      let angle = Double((rest - straight) / cornerRadius)
      let (s, c) = (Float(sine(angle)), Float(cosine(angle)))
      place = SIMD2(-half + cornerRadius - cornerRadius * c, half - cornerRadius + cornerRadius * s)
      direction = SIMD2(s, c)
    }
    for _ in 0..<side {
      place = SIMD2(place.y, -place.x)
      direction = SIMD2(direction.y, -direction.x)
    }
    if !isClockwise {
      place.x = -place.x
      direction.x = -direction.x
    }
    return (centre + place, direction)
  }
}

/// Everything that moves, as functions of time.
struct Traffic {
  /// One who goes round a loop.
  struct Mover {
    var loop: BlockLoop
    var start: Float
    var speed: Float
    var height: Float
    /// Meshes of one gait cycle; vehicles have one.
    var near: [Mesh]
    var far: Mesh
    var farDistance: Float
    /// Length of a gait cycle, metres.
    var cycle: Float = 1
    var paint = Tint.none
    var instance: Int32
    /// Half length and half width of its shadow on the ground, and its height.
    var extent: SIMD3<Float>

    func placement(at time: Double) -> Placement {
      let distance = start + Float((Double(speed) * time).truncatingRemainder(dividingBy: Double(loop.length)))
      let (place, direction) = loop.point(at: distance)
      // The gait follows the clock, not the lap: it must not jump where the lap starts again.
      let phase = (Double(speed) * time / Double(cycle) + Double(instance) * 0.37)
      let step = Int((phase - phase.rounded(.down)) * Double(near.count)) % near.count
      return Placement(
        near: near[step], far: far, farDistance: farDistance, position: SIMD3(place.x, place.y, height),
        heading: direction, paint: paint, instance: instance, sunlight: 1)
    }
  }

  var movers: [Mover] = []

  func placements(at time: Double) -> [Placement] { movers.map { $0.placement(at: time) } }
}
