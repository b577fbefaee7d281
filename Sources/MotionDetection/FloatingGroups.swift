/// Finds points that would float above the ground, were they at rest.
///
/// Who comes towards the camera stays on the line on which points at rest move, but seems nearer than it is: it seems to
/// hover. A house would show the wall that it stands on beneath; so only groups under which the ground itself is seen, far
/// behind, are taken. Source of the idea: Yuan, Medioni, Kang, Cohen 2007, "Detecting motion regions in the presence of a
/// strong parallax from a moving camera by multiview geometric constraints".
struct FloatingGroups {
  /// Lowest height of a group's lower edge, heights of the camera.
  var minimalHeight: Float = 0.33
  /// Points of a group.
  var minimalCount = 3
  /// Cells beneath a point in which ground is looked for.
  var depth = 6
  /// Share of the lower edge beneath which there is ground.
  var minimalShare: Float = 0.5

  /// - Returns: indices of the points of all such groups, ascending.
  func members(_ points: [MotionField.Point], of field: PointField) -> [Int] {
    var cells = [Int32](repeating: -1, count: field.columns * field.rows)
    for index in points.indices where points[index].height != nil {
      cells[field.cell(points[index].position)] = Int32(index)
    }
    var group = [Int32](repeating: -1, count: points.count)
    var found: [Int] = []
    for first in points.indices where group[first] < 0 && isHigh(points[first]) {
      var members = [first]
      group[first] = Int32(first)
      var next = 0
      while next < members.count {
        let index = members[next]
        next += 1
        let cell = field.cell(points[index].position)
        let (row, column) = (cell / field.columns, cell % field.columns)
        for y in max(row - 3, 0)...min(row + 3, field.rows - 1) {
          for x in max(column - 3, 0)...min(column + 3, field.columns - 1) {
            let other = Int(cells[y * field.columns + x])
            guard other >= 0, group[other] < 0, isHigh(points[other]), areAlike(points[index], points[other]) else {
              continue
            }
            group[other] = Int32(first)
            members.append(other)
          }
        }
      }
      if members.count >= minimalCount, floats(members, points, cells, field) { found += members }
    }
    return found.sorted()
  }

  private func isHigh(_ point: MotionField.Point) -> Bool { (point.height ?? 0) > minimalHeight * 0.75 }

  private func areAlike(_ a: MotionField.Point, _ b: MotionField.Point) -> Bool {
    // Shifts of one thing: equal up to its size.
    let (first, second) = (
      (a.groundShift + a.aboveGround) / Float(a.span), (b.groundShift + b.aboveGround) / Float(b.span)
    )
    return abs(first - second) < 0.1 + 0.15 * max(first, second)
  }

  /// Whether the ground is seen right beneath a group's lower edge.
  private func floats(_ members: [Int], _ points: [MotionField.Point], _ cells: [Int32], _ field: PointField) -> Bool {
    var lowest: [Int: (row: Int, point: Int)] = [:]
    for index in members {
      let cell = field.cell(points[index].position)
      let (row, column) = (cell / field.columns, cell % field.columns)
      if row > lowest[column]?.row ?? -1 { lowest[column] = (row, index) }
    }
    let columns = lowest.keys.sorted()
    guard columns.count >= 2, columns.count < field.columns / 4 else { return false }
    let heights = columns.compactMap { lowest[$0].flatMap { points[$0.point].height } }.sorted()
    guard heights[heights.count / 4] > minimalHeight else { return false }
    var (ground, other) = (0, 0)
    for column in columns {
      guard let row = lowest[column]?.row else { continue }
      for y in row + 1..<max(min(row + 1 + depth, field.rows), row + 1) {
        let near = max(column - 1, 0)...min(column + 1, field.columns - 1)
        let heights = near.compactMap { x -> Float? in
          let index = Int(cells[y * field.columns + x])
          return index >= 0 ? points[index].height : nil
        }
        guard let height = heights.min() else { continue }
        if height < 0.15 { ground += 1 } else { other += 1 }
        break
      }
    }
    return ground >= 2 && Float(ground) >= minimalShare * Float(ground + other)
  }
}
