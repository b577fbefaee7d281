#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gives the pixels along the edge of a shape of cells to the side that they look like.
struct EdgeRefiner {
  /// Deviation of the place, cells.
  private static let reach: Float = 0.7
  /// Squared differences of colour that count as one deviation, twice.
  private static let contrast: Float = 2 * 12 * 12

  private let shape: CellShape
  private let region: PictureRegion
  /// Whether the cells around a cell differ.
  private let isEdge: [Bool]

  init(_ shape: CellShape, _ region: PictureRegion) {
    self.shape = shape
    self.region = region
    let (width, height) = (shape.width, shape.height)
    var edges = [Bool](repeating: false, count: shape.isInside.count)
    for y in 0..<height {
      for x in 0..<width {
        let inside = shape.isInside[y * width + x]
        for row in max(y - 1, 0)...min(y + 1, height - 1) {
          for column in max(x - 1, 0)...min(x + 1, width - 1) where shape.isInside[row * width + column] != inside {
            edges[y * width + x] = true
          }
        }
      }
    }
    isEdge = edges
  }

  /// - Parameter colour: of the pixel; only asked for where it matters.
  func isInside(_ x: Int, _ y: Int, colour: () -> SIMD3<Float>) -> Bool {
    let cell = region.cell(x, y)
    guard isEdge[cell] else { return shape.isInside[cell] }
    let own = colour()
    let step = Float(region.step)
    // The place among the middles of the cells.
    let place = (
      x: (Float(x - region.columns.lowerBound) + 0.5) / step - 0.5,
      y: (Float(y - region.rows.lowerBound) + 0.5) / step - 0.5
    )
    let (column, row) = (cell % shape.width, cell / shape.width)
    var balance: Float = 0
    for other in max(row - 1, 0)...min(row + 1, shape.height - 1) {
      for beside in max(column - 1, 0)...min(column + 1, shape.width - 1) {
        let index = other * shape.width + beside
        let across = Float(beside) - place.x, down = Float(other) - place.y
        let difference = region.colours[index] - own
        let exponent =
          (across * across + down * down) / (2 * Self.reach * Self.reach) + (difference * difference).sum()
          / Self.contrast
        // Never nothing, so that a colour which is nowhere around goes by its place.
        let weight = expf(-min(exponent, 30)) + 1e-6 * expf(-(across * across + down * down))
        balance += shape.isInside[index] ? weight : -weight
      }
    }
    return balance > 0
  }
}
