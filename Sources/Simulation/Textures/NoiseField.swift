/// Tileable value noise: several octaves of smoothly interpolated random lattices, in −1…1.
struct NoiseField {
  /// Period in samples, a power of two.
  static let size = 512
  private let values: [Float]

  /// - Parameters:
  ///   - coarsest: lattice cells across the field in the first octave, a power of two.
  ///   - octaves: each doubles the cells of the one before.
  ///   - persistence: amplitude of an octave relative to the one before.
  init(seed: UInt64, coarsest: Int, octaves: Int, persistence: Float) {
    let size = Self.size
    var sum = [Float](repeating: 0, count: size * size)
    var random = SeededRandom(seed: seed, stream: 0x6e6f_6973)
    var amplitude: Float = 1
    var total: Float = 0
    for octave in 0..<octaves {
      let cells = min(coarsest << octave, size)
      let lattice = (0..<cells * cells).map { _ in random.uniform(-1, 1) }
      let samplesPerCell = size / cells
      let ramp = (0..<samplesPerCell).map { smoothStep(0, 1, Float($0) / Float(samplesPerCell)) }
      lattice.withUnsafeBufferPointer { lattice in
        sum.withUnsafeMutableBufferPointer { sum in
          for y in 0..<size {
            let top = y / samplesPerCell * cells
            let bottom = (y / samplesPerCell + 1) % cells * cells
            let fy = ramp[y % samplesPerCell]
            for x in 0..<size {
              let left = x / samplesPerCell
              let right = left + 1 == cells ? 0 : left + 1
              let fx = ramp[x % samplesPerCell]
              let upper = mix(lattice[top + left], lattice[top + right], fx)
              let lower = mix(lattice[bottom + left], lattice[bottom + right], fx)
              sum[y * size + x] += amplitude * mix(upper, lower, fy)
            }
          }
        }
      }
      total += amplitude
      amplitude *= persistence
    }
    // Octaves rarely peak together; the factor brings the usual range close to ±1.
    let scale = 1.6 / total
    values = sum.map { max(-1, min(1, $0 * scale)) }
  }

  /// The noise at a sample; coordinates wrap around.
  @inline(__always) func callAsFunction(_ x: Int, _ y: Int) -> Float {
    values[(y & (Self.size - 1)) * Self.size + (x & (Self.size - 1))]
  }

  /// The noise between samples, bilinear.
  func interpolated(_ x: Float, _ y: Float) -> Float {
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let (column, row) = (Int(left), Int(top))
    return mix(
      mix(self(column, row), self(column + 1, row), x - left),
      mix(self(column, row + 1), self(column + 1, row + 1), x - left), y - top)
  }
}
