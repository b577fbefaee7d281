#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Parts the cells of a region in an object and its surroundings.
struct RegionCutter {
  /// Units of capacity to a logarithm of likelihood.
  private static let unit: Float = 64
  private let region: PictureRegion
  /// Cells that may be of the object.
  private let isPossible: [Bool]
  /// How much each is expected to be, in logarithms of likelihood.
  private let expected: [Float]?
  private let colourLimit: Float
  /// What each cell and its neighbours in the first four directions pay for being parted.
  private var edges: [SIMD4<Int32>]

  init(_ region: PictureRegion, isPossible: [Bool], expected: [Float]?, smoothness: Float, colourLimit: Float) {
    self.region = region
    self.expected = expected
    self.colourLimit = colourLimit
    self.isPossible = isPossible
    let (width, height) = (region.width, region.height)
    edges = Array(repeating: .zero, count: width * height)
    var squares = [SIMD4<Float>](repeating: -.one, count: width * height)
    var (sum, count) = (0.0, 0)
    for y in 0..<height {
      for x in 0..<width {
        for direction in 0..<4 {
          let step = GridCut.steps[direction]
          guard x + step.x >= 0, x + step.x < width, y + step.y < height else { continue }
          let d = region.colours[y * width + x] - region.colours[(y + step.y) * width + x + step.x]
          let square = (d * d).sum()
          squares[y * width + x][direction] = square
          sum += Double(square)
          count += 1
        }
      }
    }
    // The contrast that is usual in this region.
    let beta = Float(Double(count) / max(2 * sum, 1e-9))
    for cell in squares.indices {
      for direction in 0..<4 where squares[cell][direction] >= 0 {
        let length: Float = direction % 2 == 0 ? 1 : 0.707_106_8
        let cost = smoothness * length * expf(-min(beta * squares[cell][direction], 50))
        edges[cell][direction] = Int32((Self.unit * cost).rounded())
      }
    }
  }

  /// - Returns: `nil` where a side is empty.
  func cut(from guess: CellShape, components: Int) -> CellShape? {
    var (inside, outside): ([Int32], [Int32]) = ([], [])
    for cell in guess.isInside.indices {
      if guess.isInside[cell] { inside.append(Int32(cell)) } else { outside.append(Int32(cell)) }
    }
    guard inside.count > components, outside.count > components else { return nil }
    let object = ColourMixture(of: region.colours, inside, count: components)
    let rest = ColourMixture(of: region.colours, outside, count: components)
    let (width, height) = (region.width, region.height)
    var grid = GridCut(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let cell = y * width + x
        for direction in 0..<4 where edges[cell][direction] > 0 {
          grid.setCost(x, y, direction: direction, edges[cell][direction])
        }
        guard isPossible[cell] else {
          // More than all neighbours together.
          grid.setCosts(x, y, outside: 0, inside: 1 << 24)
          continue
        }
        let colour = region.colours[cell]
        let difference = min(max(object.cost(colour) - rest.cost(colour), -colourLimit), colourLimit)
        let units = Int32((Self.unit * (difference - (expected?[cell] ?? 0))).rounded())
        grid.setCosts(x, y, outside: max(-units, 0), inside: max(units, 0))
      }
    }
    grid.solve()
    var result = CellShape(width: width, height: height, isInside: [])
    result.isInside.reserveCapacity(width * height)
    for y in 0..<height {
      for x in 0..<width { result.isInside.append(grid.isInside(x, y)) }
    }
    return result
  }
}
