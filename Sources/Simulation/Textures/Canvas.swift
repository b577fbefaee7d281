/// Linear mixtures of red, green and blue in display space, 0…1.
typealias Colour = SIMD3<Float>

/// The drawing surface of procedural textures. Everything drawn wraps around, so every texture tiles.
struct Canvas {
  let width: Int
  let height: Int
  private(set) var pixels: [Colour]

  /// - Precondition: width and height are powers of two.
  init(width: Int, height: Int, fill: Colour) {
    precondition(width & (width - 1) == 0 && height & (height - 1) == 0, "texture sizes are powers of two")
    self.width = width
    self.height = height
    pixels = Array(repeating: fill, count: width * height)
  }

  /// Replaces every pixel by `shade(x, y, current)`.
  mutating func forEach(_ shade: (_ x: Int, _ y: Int, _ current: Colour) -> Colour) {
    pixels.withUnsafeMutableBufferPointer { pixels in
      var index = 0
      for y in 0..<height {
        for x in 0..<width {
          pixels[index] = shade(x, y, pixels[index])
          index += 1
        }
      }
    }
  }

  /// Paints the rectangle of pixels at (x, y).
  mutating func rectangle(_ x: Int, _ y: Int, _ width: Int, _ height: Int, _ colour: Colour, opacity: Float = 1) {
    for row in y..<max(y, y + height) {
      let base = (row & (self.height - 1)) * self.width
      for column in x..<max(x, x + width) {
        let index = base + (column & (self.width - 1))
        pixels[index] = mix(pixels[index], colour, opacity)
      }
    }
  }

  /// Multiplies the rectangle by a gradient from `top` to `bottom`.
  mutating func shade(_ x: Int, _ y: Int, _ width: Int, _ height: Int, top: Float, bottom: Float) {
    for row in y..<max(y, y + height) {
      let factor = mix(top, bottom, (Float(row - y) + 0.5) / Float(height))
      let base = (row & (self.height - 1)) * self.width
      for column in x..<max(x, x + width) { pixels[base + (column & (self.width - 1))] *= factor }
    }
  }

  /// Paints an ellipse with a soft rim of `softness` (fraction of the radius).
  mutating func ellipse(
    _ centreX: Float, _ centreY: Float, _ radiusX: Float, _ radiusY: Float, _ colour: Colour, opacity: Float = 1,
    softness: Float = 0.15
  ) {
    for row in Int(centreY - radiusY) - 1...Int(centreY + radiusY) + 1 {
      for column in Int(centreX - radiusX) - 1...Int(centreX + radiusX) + 1 {
        let dx = (Float(column) - centreX) / radiusX
        let dy = (Float(row) - centreY) / radiusY
        let distance = (dx * dx + dy * dy).squareRoot()
        let coverage = 1 - smoothStep(1 - softness, 1 + softness, distance)
        guard coverage > 0 else { continue }
        let index = (row & (height - 1)) * width + (column & (width - 1))
        pixels[index] = mix(pixels[index], colour, coverage * opacity)
      }
    }
  }

  /// Draws a wandering crack: a thin polyline that turns at random.
  mutating func crack(
    from start: SIMD2<Float>, length: Int, colour: Colour, opacity: Float, _ random: inout SeededRandom
  ) {
    var position = start
    var heading = random.uniform(0, 2 * .pi)
    for _ in 0..<length {
      heading += random.uniform(-0.5, 0.5)
      position += SIMD2(Float(cosine(Double(heading))), Float(sine(Double(heading))))
      let index = (Int(position.y.rounded()) & (height - 1)) * width + (Int(position.x.rounded()) & (width - 1))
      pixels[index] = mix(pixels[index], colour, opacity)
    }
  }

  /// Brightens and darkens by `amount` times a noise field sampled every `step` samples from an offset.
  mutating func modulate(_ noise: NoiseField, amount: Float, step: Int = 1, offset: Int = 0) {
    forEach { x, y, current in current * (1 + amount * noise(x * step + offset, y * step + offset * 7)) }
  }
}
