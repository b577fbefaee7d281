/// Carries depths on to the pixels beside them: there the search needs to look at a few inverse depths only, and what
/// resembles several places is decided by what is around it.
struct DepthGrowth {
  let picture: UnsafePointer<UInt8>
  let search: EpipolarSearch
  let options: DepthOptions

  /// From so many of its neighbours a pixel is tried.
  private static let chances: UInt8 = 2

  /// The seeds and what grows from them, round after round, row after row within a round.
  /// - Parameter seeds: at pixels that ``PixelSelection`` looks at.
  func grow(_ seeds: [DepthRegulariser.Sample]) -> [DepthRegulariser.Sample] {
    let (spacing, margin) = (PixelSelection.spacing, PixelSelection.margin)
    let columns = search.width / spacing + 1
    // How often a pixel may still be tried.
    var chances = [UInt8](repeating: Self.chances, count: columns * (search.height / spacing + 1))
    for seed in seeds { chances[Int(seed.y) / spacing * columns + Int(seed.x) / spacing] = 0 }
    var samples = seeds
    var (next, left) = (0, options.maximalGrowth)
    while next < samples.count, left > 0 {
      let parent = samples[next]
      next += 1
      for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
        let (x, y) = (Int(parent.x) + dx * spacing, Int(parent.y) + dy * spacing)
        let cell = y / spacing * columns + x / spacing
        guard x >= margin, y >= margin, x < search.width - margin, y < search.height - margin, chances[cell] > 0 else {
          continue
        }
        let gradient = imageGradient(picture + (y * search.width + x), search.width)
        guard length(gradient) >= options.minimalGrowthGradient else { continue }
        left -= 1
        chances[cell] -= 1
        guard let match = search.match(x: x, y: y, gradient: gradient, near: parent.inverseDepth) else { continue }
        chances[cell] = 0
        samples.append(DepthRegulariser.Sample(match, x: x, y: y, options))
      }
    }
    return samples
  }
}
