public import MediaModel

/// Finds the pixels of an object in its box: those whose colours are of the object rather than of its surroundings, parted
/// where the picture has edges.
///
/// The object's colours and those around it are two mixtures of normal distributions; a graph cut parts the cells of the
/// box, and the mixtures are learnt anew from the parts. That is done on at most ``maximalCells`` cells; where a cell is
/// more than a pixel, the pixels along the edge are given to the side whose cells around them have their colour.
///
/// Source: Rother, Kolmogorov and Blake 2004, "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts"; the
/// edge by Kopf et al. 2007, "Joint Bilateral Upsampling".
public struct MaskRefiner: Hashable, Sendable {
  /// Cells of the box and its surroundings; time goes with them.
  public var maximalCells = 6_000
  /// How often the colours are learnt anew.
  public var rounds = 3
  /// Components of each mixture.
  public var components = 5
  /// Width of the surroundings, in sides of the box.
  public var margin: Float = 0.2
  /// What neighbours pay for being parted where there is no edge, in logarithms of likelihood.
  public var smoothness: Float = 8

  /// How much likelier a cell in the middle of the box is of the object than one outside the ellipse in the box, in
  /// logarithms of likelihood.
  public var middle: Float = 5
  /// How sure the colour of one cell can be, in logarithms of likelihood.
  public var colourLimit: Float = 60

  public init() {}

  /// The pixels of an object in its box.
  ///
  /// - Parameters:
  ///   - box: left, top, right, bottom, pixels; what is outside is not of the object.
  ///   - seed: what is known of the object, such as its mask in another frame, as large as the picture: the first guess.
  ///   - picture: any size.
  /// - Returns: `nil` where nothing in the box stands out from its surroundings, and for boxes of less than three pixels a
  ///   side.
  /// - Complexity: O(pixels of the box), and about O(``maximalCells`` · ``rounds`` · ``components``).
  public func refined(box: SIMD4<Float>, seed: RunLengthMask? = nil, in picture: Picture) -> RunLengthMask? {
    let resolution = picture.resolution
    let inner = Self.pixels(of: box, in: resolution)
    guard inner.columns.count >= 3, inner.rows.count >= 3 else { return nil }
    let wide = max(3, margin * (box.z - box.x)), high = max(3, margin * (box.w - box.y))
    let outer = Self.pixels(of: box + SIMD4(-wide, -high, wide, high), in: resolution)
    let region = PictureRegion(picture, columns: outer.columns, rows: outer.rows, cells: maximalCells)
    let isPossible = possible(inner, in: region)
    guard var guess = firstGuess(box, seed, isPossible, in: region) else { return nil }
    let cutter = RegionCutter(
      region, isPossible: isPossible, expected: seed == nil ? expected(box, in: region) : nil, smoothness: smoothness,
      colourLimit: colourLimit)
    for _ in 0..<max(rounds, 1) {
      guard let next = cutter.cut(from: guess, components: components) else { return nil }
      let isDone = next.isInside == guess.isInside
      guess = next
      if isDone { break }
    }
    guess.tidy(share: 0.1)
    let possible = isPossible.count { $0 }
    guard guess.area * 50 >= possible else { return nil }
    return mask(guess, region, inner, in: picture)
  }

  private typealias PixelBox = (columns: Range<Int>, rows: Range<Int>)

  private static func pixels(of box: SIMD4<Float>, in resolution: Resolution) -> PixelBox {
    func range(_ low: Float, _ high: Float, _ size: Int) -> Range<Int> {
      guard low.isFinite, high.isFinite else { return 0..<0 }
      let first = Int(min(max(low.rounded(), 0), Float(size)))
      return first..<max(first, Int(min(max(high.rounded(), 0), Float(size))))
    }
    return (range(box.x, box.z, resolution.width), range(box.y, box.w, resolution.height))
  }

  /// Cells whose middle is in the box.
  private func possible(_ inner: PixelBox, in region: PictureRegion) -> [Bool] {
    var result: [Bool] = []
    result.reserveCapacity(region.width * region.height)
    for row in 0..<region.height {
      let y = region.rows.lowerBound + row * region.step + region.step / 2
      for column in 0..<region.width {
        let x = region.columns.lowerBound + column * region.step + region.step / 2
        result.append(inner.columns.contains(x) && inner.rows.contains(y))
      }
    }
    return result
  }

  /// How much each cell is expected to be of the object for its place, in logarithms of likelihood.
  private func expected(_ box: SIMD4<Float>, in region: PictureRegion) -> [Float] {
    let (centre, half) = ((box.lowHalf + box.highHalf) / 2, (box.highHalf - box.lowHalf) / 2)
    var result: [Float] = []
    result.reserveCapacity(region.width * region.height)
    for row in 0..<region.height {
      let y = Float(region.rows.lowerBound) + (Float(row) + 0.5) * Float(region.step)
      for column in 0..<region.width {
        let x = Float(region.columns.lowerBound) + (Float(column) + 0.5) * Float(region.step)
        let offset = (SIMD2(x, y) - centre) / half
        result.append(middle * (0.75 - min((offset * offset).sum(), 1.25)))
      }
    }
    return result
  }

  private func firstGuess(
    _ box: SIMD4<Float>, _ seed: RunLengthMask?, _ isPossible: [Bool], in region: PictureRegion
  ) -> CellShape? {
    var shape = CellShape(width: region.width, height: region.height, isInside: isPossible)
    guard let seed, let pixels = seed.pixels(columns: region.columns, rows: region.rows) else { return shape }
    var counts = [Int](repeating: 0, count: shape.isInside.count)
    for row in 0..<region.rows.count {
      for column in 0..<region.columns.count where pixels[row * region.columns.count + column] {
        counts[row / region.step * region.width + column / region.step] += 1
      }
    }
    for cell in counts.indices {
      shape.isInside[cell] = isPossible[cell] && 2 * counts[cell] >= region.step * region.step
    }
    // A seed that is not in the box says nothing.
    return shape.area * 20 >= isPossible.count { $0 }
      ? shape
      : CellShape(
        width: region.width, height: region.height, isInside: isPossible)
  }

  private func mask(
    _ shape: CellShape, _ region: PictureRegion, _ inner: PixelBox, in picture: Picture
  ) -> RunLengthMask? {
    guard region.step > 1 else {
      return RunLengthMask(resolution: picture.resolution, columns: inner.columns, rows: inner.rows) { x, y in
        shape.isInside[region.cell(x, y)]
      }
    }
    let edge = EdgeRefiner(shape, region)
    return picture.withPlanes { luma, cb, cr in
      RunLengthMask(resolution: picture.resolution, columns: inner.columns, rows: inner.rows) { x, y in
        edge.isInside(x, y) {
          SIMD3(
            Float(luma.base[y * luma.stride + x]), Float(cb.base[y / 2 * cb.stride + x / 2]),
            Float(cr.base[y / 2 * cr.stride + x / 2]))
        }
      }
    }
  }
}

extension RunLengthMask {
  /// A part of the mask, row by row; `nil` where it reaches out of the mask.
  fileprivate func pixels(columns: Range<Int>, rows: Range<Int>) -> [Bool]? {
    guard columns.upperBound <= resolution.width, rows.upperBound <= resolution.height else { return nil }
    var result = [Bool](repeating: false, count: columns.count * rows.count)
    let height = resolution.height
    var position = 0
    for (index, run) in runs.enumerated() {
      defer { position += run }
      guard index % 2 == 1, position + run > columns.lowerBound * height else { continue }
      guard position < columns.upperBound * height else { break }
      let first = max(position, columns.lowerBound * height)
      let end = min(position + run, columns.upperBound * height)
      for place in first..<max(end, first) where rows.contains(place % height) {
        result[(place % height - rows.lowerBound) * columns.count + place / height - columns.lowerBound] = true
      }
    }
    return result
  }
}
