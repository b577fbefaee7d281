extension ObjectShape {
  /// How well the shape stands out in a frame.
  mutating func assess(_ errors: CellErrors) {
    var (inside, outside, bare, gain) = (
      ShapeQuality.Mean(), ShapeQuality.Mean(), ShapeQuality.Mean(), ShapeQuality.Mean()
    )
    var (oddsInside, oddsOutside) = (ShapeQuality.Mean(), ShapeQuality.Mean())
    var (others, cut): (Float, Float) = (0, 0)
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        let index = y * Self.side + x
        let cell = cells[index]
        let certainty = min(max(cell.evidence / 4, -1), 1)
        let isAtBorder = x == 0 || y == 0 || x == Self.side - 1 || y == Self.side - 1
        if cell.isOwn {
          oddsInside.add(cell.odds)
          if isAtBorder { cut += 1 } else { inside.add(certainty) }
          if errors.bare[index] < CellErrors.unknown { bare.add(errors.unlikeness(errors.bare[index])) }
        } else {
          if cell.odds > 0 { others += 1 }
          if !isAtBorder, isBesideOwn(index) {
            outside.add(certainty)
            oddsOutside.add(cell.odds)
          }
        }
        let (rest, own) = (errors.rest[index], errors.own[index])
        guard cell.isOwn, rest < CellErrors.unknown, own < CellErrors.unknown else { continue }
        let clear = errors.bare[index] < CellErrors.unknown ? errors.bare[index] : rest
        gain.add(min(max(min(clear, 40) - min(own, 40), -6), 6) / 6)
      }
    }
    let size = (box.highHalf - box.lowHalf) / cell
    let count = max(oddsInside.count, 1)
    quality.take(
      inside: inside.value, outside: outside.value, fill: inside.count / max(size.x * size.y, 1),
      bare: bare.count > 0 ? bare.value : nil, gain: gain.value)
    quality.odds = (oddsInside.value, oddsOutside.value)
    quality.others = min(others / count, 2)
    quality.cut = cut / count.squareRoot()
  }

  /// Whether a cell that is not at the border of the window lies right beside one of the object's.
  private func isBesideOwn(_ index: Int) -> Bool {
    cells[index - 1].isOwn || cells[index + 1].isOwn || cells[index - Self.side].isOwn || cells[index + Self.side].isOwn
  }
}
