/// Follows squares of 8×8 pixels from one picture to the next: small enough for a person far away.
///
/// Lucas–Kanade for translation, coarse to fine, with gradients of the earlier picture and without regard to a change of
/// brightness that is the same over the square. Source: Baker, Matthews 2004, "Lucas-Kanade 20 years on", part 1.
struct PatchAligner {
  static let side = 8
  static let levelCount = 3
  private typealias Row = SIMD8<Float>

  /// What alignment found.
  struct Match {
    var position: SIMD2<Float>
    /// Root mean square of what differs, grey levels.
    var residual: Float
    /// The square's structure tensor, xx, xy, yy, mean over its pixels: (grey levels per pixel)².
    var tensor: SIMD3<Float>
  }

  /// Smallest eigenvalue of the square's structure tensor, per pixel, that can be aligned.
  var minimalStrength: Float = 3
  var iterations = 6
  /// Steps shorter than this end the iteration on level 0, pixels.
  var tolerance: Float = 0.02

  /// Finds in `next` what is around `position` in `previous`.
  /// - Parameters:
  ///   - guess: where it is expected, pixels of level 0.
  ///   - coarsest: level to start on.
  ///   - light: by how much darker `next` is there: 2 for half as bright.
  /// - Returns: `nil` when the square has no texture on level 0 or leaves the picture.
  func align(
    _ position: SIMD2<Float>, from previous: WorkingPicture, to next: WorkingPicture, guess: SIMD2<Float>,
    coarsest: Int, light: Float = 1
  ) -> Match? {
    var estimate = guess
    var found: Match?
    for level in stride(from: min(coarsest, previous.levels.count - 1), through: 0, by: -1) {
      let size = Float(1 << level)
      let centre = (position + 0.5) / size - 0.5
      let start = (estimate + 0.5) / size - 0.5
      found = align(
        centre, from: previous.levels[level], to: next.levels[level], start: start,
        tolerance: level == 0 ? tolerance : 0.1, light: light)
      if let found { estimate = (found.position + 0.5) * size - 0.5 }
    }
    return found
  }

  private func align(
    _ centre: SIMD2<Float>, from previous: WorkingPicture.Level, to next: WorkingPicture.Level, start: SIMD2<Float>,
    tolerance: Float, light: Float
  ) -> Match? {
    let (width, height) = (previous.width, previous.height)
    let reach = Float(Self.side - 1) / 2
    let corner = centre - reach
    guard corner.x >= 1, corner.y >= 1, corner.x < Float(width - Self.side - 2),
      corner.y < Float(height - Self.side - 2)
    else { return nil }
    return withUnsafeTemporaryAllocation(of: Row.self, capacity: 3 * Self.side) { memory -> Match? in
      let square = Square(memory)
      let tensor = previous.values.withUnsafeBufferPointer {
        square.prepare($0.baseAddress!, width: width, corner: corner)
      }
      let determinant = tensor.x * tensor.z - tensor.y * tensor.y
      let half = (tensor.x + tensor.z) / 2
      let smaller = half - max(half * half - determinant, 0).squareRoot()
      guard smaller > minimalStrength * Float(Self.side * Self.side) else { return nil }
      var position = start
      var residual: Float = .infinity
      for _ in 0..<iterations {
        let corner = position - reach
        guard corner.x >= 0, corner.y >= 0, corner.x < Float(width - Self.side - 1),
          corner.y < Float(height - Self.side - 1)
        else { return nil }
        let (moment, square) = next.values.withUnsafeBufferPointer {
          square.compare($0.baseAddress!, width: width, corner: corner, light: light)
        }
        residual = (square / Float(Self.side * Self.side)).squareRoot()
        let step =
          SIMD2(
            tensor.z * moment.x - tensor.y * moment.y, tensor.x * moment.y - tensor.y * moment.x) / determinant
        position -= step
        let length = (step * step).sum()
        guard length < 36 else { return nil }
        if length < tolerance * tolerance { break }
      }
      return Match(position: position, residual: residual, tensor: tensor / Float(Self.side * Self.side))
    }
  }

  /// A square's values without their mean, and its gradients without theirs, in memory that is lent.
  private struct Square {
    private let values: UnsafeMutablePointer<Row>
    private let across: UnsafeMutablePointer<Row>
    private let down: UnsafeMutablePointer<Row>

    init(_ memory: UnsafeMutableBufferPointer<Row>) {
      values = memory.baseAddress!
      across = values + PatchAligner.side
      down = across + PatchAligner.side
    }

    /// Reads the square.
    /// - Returns: the structure tensor, xx, xy, yy, summed over the square.
    func prepare(_ pixels: UnsafePointer<Float>, width: Int, corner: SIMD2<Float>) -> SIMD3<Float> {
      let side = PatchAligner.side
      let sampler = Sampler(pixels, width: width, corner: corner)
      // Lines of the picture from the one that the next row of the square ends in, and their differences across.
      var line = sampler.line(1, 0)
      var step = sampler.line(0, 1) - sampler.line(0, -1)
      let first = sampler.line(0, 0)
      var above = sampler.between(sampler.line(-1, 0), first)
      var current = sampler.between(first, line)
      var (sum, sumX, sumY) = (Row.zero, Row.zero, Row.zero)
      for y in 0..<side {
        let nextLine = sampler.line(y + 2, 0)
        let nextStep = sampler.line(y + 1, 1) - sampler.line(y + 1, -1)
        let below = sampler.between(line, nextLine)
        let gx = sampler.between(step, nextStep) * 0.5
        let gy = (below - above) * 0.5
        values[y] = current
        across[y] = gx
        down[y] = gy
        sum += current
        sumX += gx
        sumY += gy
        (above, current, line, step) = (current, below, nextLine, nextStep)
      }
      let count = Float(side * side)
      let (mean, meanX, meanY) = (sum.sum() / count, sumX.sum() / count, sumY.sum() / count)
      var (xx, xy, yy) = (Row.zero, Row.zero, Row.zero)
      for y in 0..<side {
        values[y] -= mean
        across[y] -= meanX
        down[y] -= meanY
        xx += across[y] * across[y]
        xy += across[y] * down[y]
        yy += down[y] * down[y]
      }
      return SIMD3(xx.sum(), xy.sum(), yy.sum())
    }

    /// - Returns: the sums of gradient times difference, and of the squared difference without its mean.
    func compare(
      _ pixels: UnsafePointer<Float>, width: Int, corner: SIMD2<Float>, light: Float
    ) -> (SIMD2<Float>, Float) {
      let sampler = Sampler(pixels, width: width, corner: corner)
      var (sum, squares, x, y) = (Row.zero, Row.zero, Row.zero, Row.zero)
      var line = sampler.line(0, 0)
      for row in 0..<PatchAligner.side {
        let nextLine = sampler.line(row + 1, 0)
        let difference = sampler.between(line, nextLine) * light - values[row]
        line = nextLine
        sum += difference
        squares += difference * difference
        x += difference * across[row]
        y += difference * down[row]
      }
      let total = sum.sum()
      let count = Float(PatchAligner.side * PatchAligner.side)
      return (SIMD2(x.sum(), y.sum()), max(squares.sum() - total * total / count, 0))
    }
  }

  /// Bilinear samples, eight in a row.
  private struct Sampler {
    private let base: UnsafePointer<Float>
    private let width: Int
    /// Where samples are between pixels: across, and down.
    private let share: SIMD2<Float>

    @inline(__always) init(_ pixels: UnsafePointer<Float>, width: Int, corner: SIMD2<Float>) {
      let (x, y) = (Int(corner.x), Int(corner.y))
      base = pixels + (y * width + x)
      self.width = width
      share = corner - SIMD2(Float(x), Float(y))
    }

    /// Samples on a line of pixels.
    @inline(__always) func line(_ y: Int, _ x: Int) -> Row {
      let pixels = UnsafeRawPointer(base + (y &* width &+ x))
      let (left, right) = (pixels.loadUnaligned(as: Row.self), (pixels + 4).loadUnaligned(as: Row.self))
      return left + (right - left) * share.x
    }

    /// Samples between two lines.
    @inline(__always) func between(_ upper: Row, _ lower: Row) -> Row { upper + (lower - upper) * share.y }
  }
}
