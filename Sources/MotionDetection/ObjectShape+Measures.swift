import Vision

extension ObjectShape {
  /// What a frame tells of each cell, about −2…2 each: what ``ShapeNet`` reads.
  ///
  /// In this order: evidence of motion; how much likelier its colour is on the object; how unlike it is what it would be at
  /// rest, moving with the object, and at rest where the object did not hide the ground; the last two over the latest
  /// frames, the last first; share of findings; the object's patches and points at rest around; brightness against the
  /// window's; contrast; how unlike its colour and its brightness are the object's mean; whether it was held to be the
  /// object's; whether it is outside the picture.
  func measures(
    _ shown: CellSamples, _ errors: CellErrors, _ ratios: [Float], seeds: [SIMD2<Float>], resting: [SIMD2<Float>]
  ) -> [ShapeNet.Channels] {
    let (lumas, colours) = (shown.brightness, shown.colours)
    var (luma, ownLuma, ownColour) = (ShapeQuality.Mean(), ShapeQuality.Mean(), SIMD2<Float>.zero)
    for index in 0..<Self.count where lumas[index] >= 0 {
      luma.add(lumas[index])
      guard cells[index].isOwn else { continue }
      ownLuma.add(lumas[index])
      ownColour += colours[index]
    }
    ownColour /= max(ownLuma.count, 1)
    let (patches, rest) = (spread(seeds), spread(resting))
    func change(_ error: Float) -> Float { error < CellErrors.unknown ? errors.unlikeness(error) : 0.5 }
    return (0..<Self.count).map { index in
      let cell = cells[index]
      var values = ShapeNet.Channels.zero
      values[0] = min(max(cell.evidence / 4, -1.5), 1.5)
      values[1] = ratios[index] / 2.5
      values[2] = change(errors.rest[index])
      values[3] = change(errors.own[index])
      values[4] = errors.bare[index] < CellErrors.unknown ? 2 * errors.unlikeness(errors.bare[index]) - 1 : 0
      values[5] = cell.bareChange
      values[6] = cell.ownChange
      values[7] = cell.found
      values[ShapeNet.patches] = patches[index]
      values[9] = rest[index]
      values[ShapeNet.own] = cell.isOwn ? 1 : 0
      guard lumas[index] >= 0 else {
        values[15] = 1
        return values
      }
      let difference = colours[index] - ownColour
      values[10] = (lumas[index] - luma.value) / 64
      values[11] = min(shown.slopes[index] / 32, 2)
      values[12] = min((difference * difference).sum().squareRoot() / 16, 2)
      values[13] = min(abs(lumas[index] - ownLuma.value) / 32, 2)
      return values
    }
  }

  /// How near cells are to places, summed up: 1 at a place and 0 from three cells away, at most 2.
  private func spread(_ places: [SIMD2<Float>]) -> [Float] {
    var result = [Float](repeating: 0, count: Self.count)
    let reach = 3
    let last = Self.side - 1
    for place in places {
      let position = (place - origin) / cell - 0.5
      guard position.min() > Float(-reach), position.max() < Float(last + reach) else { continue }
      let (x, y) = (Int(position.x.rounded()), Int(position.y.rounded()))
      for v in max(y - reach, 0)...min(max(y + reach, 0), last) {
        for u in max(min(x - reach, last), 0)...min(max(x + reach, 0), last) {
          let offset = SIMD2(Float(u), Float(v)) - position
          let far = (offset * offset).sum() / Float(reach * reach)
          if far < 1 { result[v * Self.side + u] += (1 - far) * (1 - far) }
        }
      }
    }
    return result.map { min($0, 2) }
  }
}
