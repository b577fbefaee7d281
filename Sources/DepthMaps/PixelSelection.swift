/// Which pixels of a key frame are worth a search: those of strong gradient, spread over the picture.
struct PixelSelection {
  /// Side of the cells that share the pixels among them.
  static let cellSide = 32
  /// Distance from the picture's edge, pixels.
  static let margin = 12
  /// Every how many rows and columns a pixel is looked at.
  static let spacing = 2

  /// Indices of the chosen pixels, ascending.
  let pixels: [Int32]

  /// - Parameters:
  ///   - image: brightness, row after row, `width · height` of it.
  ///   - minimalGradient: grey levels per pixel.
  ///   - maximalCount: no more pixels than this. Cells with few good pixels leave their share to the others; within a
  ///     cell the strongest gradients win.
  init(_ image: UnsafePointer<UInt8>, width: Int, height: Int, minimalGradient: Float, maximalCount: Int) {
    guard width > 2 * Self.margin, height > 2 * Self.margin, maximalCount > 0 else {
      pixels = []
      return
    }
    let columns = (width + Self.cellSide - 1) / Self.cellSide
    let cells = columns * ((height + Self.cellSide - 1) / Self.cellSide)
    var candidates: [(pixel: Int32, cell: Int32, strength: Int32)] = []
    var histogram = [Int32](repeating: 0, count: cells * 256)
    for y in stride(from: Self.margin, to: height - Self.margin, by: Self.spacing) {
      for x in stride(from: Self.margin, to: width - Self.margin, by: Self.spacing) {
        let gradient = imageGradient(image + (y * width + x), width)
        let strength = (gradient * gradient).sum().squareRoot()
        guard strength >= minimalGradient else { continue }
        let cell = (y / Self.cellSide) * columns + x / Self.cellSide
        let bin = min(Int(strength), 255)
        histogram[cell * 256 + bin] += 1
        candidates.append((Int32(y * width + x), Int32(cell), Int32(bin)))
      }
    }
    var quotas = Self.quotas(histogram, cells: cells, maximalCount: maximalCount)
    // The weakest strength that a cell takes whole; of the next weaker it takes what is left of its quota.
    var whole = [Int32](repeating: 256, count: cells)
    for cell in 0..<cells {
      while whole[cell] > 0 {
        let count = histogram[cell * 256 + Int(whole[cell]) - 1]
        guard count <= quotas[cell] else { break }
        quotas[cell] -= count
        whole[cell] -= 1
      }
    }
    var chosen: [Int32] = []
    for candidate in candidates {
      let cell = Int(candidate.cell)
      if candidate.strength >= whole[cell] {
        chosen.append(candidate.pixel)
      } else if candidate.strength == whole[cell] - 1, quotas[cell] > 0 {
        quotas[cell] -= 1
        chosen.append(candidate.pixel)
      }
    }
    pixels = chosen
  }

  /// The greatest common quota under which the cells together take at most `maximalCount`.
  private static func quotas(_ histogram: [Int32], cells: Int, maximalCount: Int) -> [Int32] {
    let counts = (0..<cells).map { cell in histogram[(cell * 256)..<(cell * 256 + 256)].reduce(0, +) }
    var (low, high) = (Int32(0), counts.max() ?? 0)
    while low < high {
      let middle = low + (high - low + 1) / 2
      if counts.reduce(0, { $0 + Int(min($1, middle)) }) <= maximalCount { low = middle } else { high = middle - 1 }
    }
    return counts.map { min($0, low) }
  }
}

/// The gradient at a pixel that has neighbours on all sides, grey levels per pixel.
///
/// Source: Sobel, Feldman 1968, "A 3×3 Isotropic Gradient Operator for Image Processing".
@inline(__always)
func imageGradient(_ pixel: UnsafePointer<UInt8>, _ stride: Int) -> SIMD2<Float> {
  @inline(__always)
  func at(_ x: Int, _ y: Int) -> Int32 { Int32(pixel[y &* stride &+ x]) }
  let across = at(1, -1) &+ 2 &* at(1, 0) &+ at(1, 1) &- at(-1, -1) &- 2 &* at(-1, 0) &- at(-1, 1)
  let down = at(-1, 1) &+ 2 &* at(0, 1) &+ at(1, 1) &- at(-1, -1) &- 2 &* at(0, -1) &- at(1, -1)
  return SIMD2(Float(across), Float(down)) / 8
}
