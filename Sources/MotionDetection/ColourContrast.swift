import Vision

/// Colours of an object and of what is around it, in one picture: how much likelier a pixel's colour is on the object.
///
/// Histograms of 8×8×8 cells of luma and chroma. Source of the idea: Boykov, Jolly 2001, "Interactive graph cuts for optimal
/// boundary and region segmentation".
struct ColourContrast {
  /// Cells of a histogram.
  static let cells = 512
  /// A shadow takes this share of the light away.
  private static let shade = 0.6

  /// The cell of each pixel of a part of the working picture, row after row.
  let bins: [UInt16]
  private let shaded: [UInt16]

  init(_ picture: WorkingPicture, left: Int, top: Int, width: Int, height: Int) {
    var (bins, shaded) = ([UInt16](), [UInt16]())
    bins.reserveCapacity(width * height)
    shaded.reserveCapacity(width * height)
    picture.withReader { reader in
      for y in top..<top + height {
        for x in left..<left + width {
          let (luma, cb, cr) = reader.pixel(x, y)
          bins.append(Self.cell(luma, cb, cr))
          shaded.append(
            Self.cell(
              Int(Double(luma - 16) * Self.shade) + 16, Int(Double(cb) * Self.shade), Int(Double(cr) * Self.shade)))
        }
      }
    }
    (self.bins, self.shaded) = (bins, shaded)
  }

  /// The cell of a pixel.
  /// - Parameter colour: its chroma, 0 for grey.
  static func bin(_ brightness: Float, _ colour: SIMD2<Float>) -> UInt16 {
    cell(Int(brightness), Int(colour.x), Int(colour.y))
  }

  /// Chroma in steps of 8 up to ±32; what is more colourful is in the outermost cell.
  private static func cell(_ luma: Int, _ cb: Int, _ cr: Int) -> UInt16 {
    func step(_ value: Int) -> Int { min(max((value + 36) >> 3, 0), 7) }
    return UInt16((luma >> 5) << 6 | step(cb) << 3 | step(cr))
  }

  /// - Parameters:
  ///   - inside: 1 for pixels of the object.
  ///   - outside: 1 for pixels that are not; shadows of what they show count a little as well.
  /// - Returns: the logarithm of the ratio of likelihoods for each pixel, −2.5…2.5.
  func ratios(inside: [UInt8], outside: [UInt8]) -> [Float] {
    var (object, rest) = ([Float](repeating: 0, count: Self.cells), [Float](repeating: 0, count: Self.cells))
    for (index, bin) in bins.enumerated() {
      if inside[index] == 1 { object[Int(bin)] += 1 }
      if outside[index] == 1 {
        rest[Int(bin)] += 1
        rest[Int(shaded[index])] += 0.4
      }
    }
    object = Self.spread(object)
    rest = Self.spread(rest)
    let (all, others) = (max(object.reduce(0, +), 1), max(rest.reduce(0, +), 1))
    let table = zip(object, rest).map { mine, theirs in
      min(max(logarithm((mine / all + 0.004) / (theirs / others + 0.004)), -2.5), 2.5)
    }
    return bins.map { table[Int($0)] }
  }

  /// Half of each cell's count given to its neighbours in luma: brightness varies over a thing more than colour.
  private static func spread(_ counts: [Float]) -> [Float] {
    counts.indices.map { index in
      let darker = index >= 64 ? counts[index - 64] : 0
      let brighter = index + 64 < counts.count ? counts[index + 64] : 0
      return 0.5 * counts[index] + 0.25 * (darker + brighter)
    }
  }
}
