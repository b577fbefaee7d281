/// Points that lie together and move alike.
struct MotionGroup: Sendable {
  /// Indices of points.
  var members: [Int]
  /// Left, top, right, bottom of its points, pixels of the working picture.
  var box: SIMD4<Float>
  /// Mean motion against the ground, pixels a frame.
  var velocity: SIMD2<Float>
  /// Mean motion away from the lines on which points at rest move, pixels a frame.
  var aside: SIMD2<Float>
  /// Share of its points among all that lie within its box.
  var purity: Float
  /// Mean evidence.
  var evidence: Float
  /// Members that move as one: by a shift, a turn and a growth.
  var agreeing = 0
  /// Mean of how far agreeing members' paths are from those of points at rest, tolerances.
  var strength: Float = 0
  /// How the group moves, by place in the working picture, pixels a frame.
  var motion = GroupMotion()
  /// Share of the members that agree.
  var agreement: Float = 0
  /// How broad its points lie: the smaller eigenvalue of their spread over the larger, 0 on a line to 1 all around.
  var breadth: Float = 0
}

/// A shift, a turn and a growth about a centre, a frame.
struct GroupMotion: Sendable {
  var centre = SIMD2<Float>.zero
  var shift = SIMD2<Float>.zero
  var growth: Float = 0
  var turn: Float = 0

  func velocity(_ position: SIMD2<Float>) -> SIMD2<Float> {
    let p = position - centre
    return shift + SIMD2(growth * p.x - turn * p.y, turn * p.x + growth * p.y)
  }
}

/// Joins points that move by themselves to groups.
struct MotionGrouping {
  /// Distance up to which points belong together, in cells.
  var reach = 2
  /// Points of a group.
  var minimalCount = 3

  func groups(_ points: [MotionField.Point], of field: PointField) -> [MotionGroup] {
    let cells = cells(points, field)
    var parent = Array(0..<points.count)
    func root(_ index: Int) -> Int {
      var index = index
      while parent[index] != index {
        parent[index] = parent[parent[index]]
        index = parent[index]
      }
      return index
    }
    for row in 0..<field.rows {
      for column in 0..<field.columns {
        let first = Int(cells[row * field.columns + column])
        guard first >= 0, isMoving(points[first]) else { continue }
        for dy in 0...reach where row + dy < field.rows {
          for dx in (dy == 0 ? 1 : -reach)...reach where column + dx >= 0 && column + dx < field.columns {
            let second = Int(cells[(row + dy) * field.columns + column + dx])
            guard second >= 0, isMoving(points[second]), areAlike(points[first], points[second]) else { continue }
            let (a, b) = (root(first), root(second))
            parent[max(a, b)] = min(a, b)
          }
        }
      }
    }
    var members: [Int: [Int]] = [:]
    for index in points.indices where isMoving(points[index]) { members[root(index), default: []].append(index) }
    let groups = members.keys.sorted().compactMap { key in
      let group = members[key] ?? []
      return group.count >= minimalCount ? self.group(group, points, cells, field) : nil
    }
    return joined(groups, points, cells, field)
  }

  /// Joins groups that move as one where nothing at rest lies between: the parts of a thing whose middle has no texture.
  private func joined(
    _ groups: [MotionGroup], _ points: [MotionField.Point], _ cells: [Int32], _ field: PointField
  ) -> [MotionGroup] {
    var groups = groups
    var first = 0
    while first < groups.count {
      var second = first + 1
      while second < groups.count {
        if areNear(groups[first].box, groups[second].box), moveAlike(groups[first], groups[second]),
          let both = group(groups[first].members + groups[second].members, points, cells, field),
          both.agreement > 0.85, both.purity > 0.97 * min(groups[first].purity, groups[second].purity)
        {
          groups[first] = both
          groups.remove(at: second)
          second = first + 1
        } else {
          second += 1
        }
      }
      first += 1
    }
    return groups
  }

  /// Whether the gap between two boxes is smaller than the larger of them.
  private func areNear(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Bool {
    let gap = pointwiseMax(pointwiseMax(a.lowHalf - b.highHalf, b.lowHalf - a.highHalf), .zero)
    let sizes = [a, b].map { pointwiseMax($0.highHalf - $0.lowHalf, SIMD2(repeating: 8)).max() }
    return gap.max() < 0.6 * max(sizes[0], sizes[1])
  }

  /// Whether each moves like the other where the other is.
  private func moveAlike(_ a: MotionGroup, _ b: MotionGroup) -> Bool {
    let middle = (a.box.lowHalf + a.box.highHalf + b.box.lowHalf + b.box.highHalf) / 4
    let difference = a.motion.velocity(middle) - b.motion.velocity(middle)
    let speed = max((a.velocity * a.velocity).sum(), (b.velocity * b.velocity).sum()).squareRoot()
    return (difference * difference).sum().squareRoot() < 0.15 + 0.2 * speed
  }

  private func isMoving(_ point: MotionField.Point) -> Bool { point.span > 0 && point.evidence > 0 }

  private func areAlike(_ a: MotionField.Point, _ b: MotionField.Point) -> Bool {
    let (first, second) = (a.offset / Float(a.span), b.offset / Float(b.span))
    let difference = first - second
    let size = max((first * first).sum(), (second * second).sum()).squareRoot()
    return (difference * difference).sum().squareRoot() < 0.12 + 0.3 * size
  }

  /// The point of each cell, or −1.
  private func cells(_ points: [MotionField.Point], _ field: PointField) -> [Int32] {
    var cells = [Int32](repeating: -1, count: field.columns * field.rows)
    for index in points.indices { cells[field.cell(points[index].position)] = Int32(index) }
    return cells
  }

  private func group(
    _ members: [Int], _ points: [MotionField.Point], _ cells: [Int32], _ field: PointField
  ) -> MotionGroup? {
    let all = members.count
    let (members, motion) = agreeing(members, points, field)
    guard members.count >= minimalCount else { return nil }
    var low = SIMD2<Float>(repeating: .infinity)
    var high = -low
    var (velocity, aside, evidence) = (SIMD2<Float>.zero, SIMD2<Float>.zero, Float(0))
    for index in members {
      let point = points[index]
      low = pointwiseMin(low, point.position)
      high = pointwiseMax(high, point.position)
      velocity += point.offset / Float(point.span)
      aside += point.aside / Float(point.span)
      evidence += point.evidence
    }
    let (count, size) = (Float(members.count), field.cellSize)
    var others = 0
    for row in Int(low.y) / size...Int(high.y) / size {
      for column in Int(low.x) / size...Int(high.x) / size {
        let index = Int(cells[row * field.columns + column])
        guard index >= 0, points[index].span > 0, points[index].evidence < -0.3 else { continue }
        let position = points[index].position
        if position.x > low.x, position.y > low.y, position.x < high.x, position.y < high.y { others += 1 }
      }
    }
    var result = MotionGroup(
      members: members, box: SIMD4(low.x, low.y, high.x, high.y), velocity: velocity / count, aside: aside / count,
      purity: count / (count + Float(others)), evidence: evidence / count)
    result.agreeing = members.count
    result.motion = motion
    result.strength = members.reduce(0) { $0 + min(points[$1].moves, 5) } / max(count, 1)
    result.agreement = count / Float(all)
    result.breadth = Self.breadth(members.map { points[$0].position })
    return result
  }

  /// The smaller eigenvalue of the spread of places over the larger.
  private static func breadth(_ places: [SIMD2<Float>]) -> Float {
    let mean = places.reduce(.zero, +) / Float(max(places.count, 1))
    var (xx, xy, yy): (Float, Float, Float) = (0, 0, 0)
    for place in places {
      let p = place - mean
      xx += p.x * p.x
      xy += p.x * p.y
      yy += p.y * p.y
    }
    let half = (xx + yy) / 2
    let root = max(half * half - xx * yy + xy * xy, 0).squareRoot()
    return (half - root) / max(half + root, 1e-6)
  }

  /// The members that follow one similarity: a shift, a turn and a growth, by weighted least squares.
  private func agreeing(_ members: [Int], _ points: [MotionField.Point], _ field: PointField)
    -> ([Int], GroupMotion)
  {
    let paths = members.map { index -> (place: SIMD2<Float>, velocity: SIMD2<Float>, span: Float) in
      let point = points[index]
      // A short span: what turns or brakes moves otherwise over a long one.
      let span = min(point.span, 4)
      return (point.position, (point.position - field.position(index, before: span)) / Float(span), Float(span))
    }
    func median(_ values: [Float]) -> Float { values.sorted()[values.count / 2] }
    let centre = SIMD2(median(paths.map(\.place.x)), median(paths.map(\.place.y)))
    var shift = SIMD2(median(paths.map(\.velocity.x)), median(paths.map(\.velocity.y)))
    // Growth and turn a frame.
    var (growth, turn): (Float, Float) = (0, 0)
    func error(_ path: (place: SIMD2<Float>, velocity: SIMD2<Float>, span: Float)) -> Float {
      let p = path.place - centre
      let difference = shift + SIMD2(growth * p.x - turn * p.y, turn * p.x + growth * p.y) - path.velocity
      // Errors of places weigh less over a longer span.
      return (difference * difference).sum().squareRoot() * path.span
    }
    let speed = median(
      members.map { (points[$0].offset * points[$0].offset).sum().squareRoot() / Float(points[$0].span) })
    for _ in 0..<4 {
      var weights: Float = 0
      var (places, velocities) = (SIMD2<Float>.zero, SIMD2<Float>.zero)
      let weighted = paths.map { path -> Float in
        let error = error(path) / (0.5 + 0.15 * speed * path.span)
        return path.span / (1 + error * error)
      }
      for (path, weight) in zip(paths, weighted) {
        weights += weight
        places += weight * (path.place - centre)
        velocities += weight * path.velocity
      }
      let (meanPlace, meanVelocity) = (places / weights, velocities / weights)
      var (size, along, across): (Float, Float, Float) = (0, 0, 0)
      for (path, weight) in zip(paths, weighted) {
        let (p, v) = (path.place - centre - meanPlace, path.velocity - meanVelocity)
        size += weight * (p * p).sum()
        along += weight * (p * v).sum()
        across += weight * (p.x * v.y - p.y * v.x)
      }
      // A few points close together say nothing of growth.
      let ballast = weights * 20
      (growth, turn) = (along / (size + ballast), across / (size + ballast))
      shift = meanVelocity - SIMD2(growth * meanPlace.x - turn * meanPlace.y, turn * meanPlace.x + growth * meanPlace.y)
    }
    return (
      zip(members, paths).filter { error($0.1) < 0.6 + 0.2 * speed * $0.1.span }.map(\.0),
      GroupMotion(centre: centre, shift: shift, growth: growth, turn: turn)
    )
  }
}
