extension TexturePainter {
  /// 512 × 1024 texels: 10 m across the carriageway, 20 m along it.
  func road() -> Canvas {
    var canvas = tarmac(width: 512, height: 1024, .road)
    let white = Colour(0.86, 0.86, 0.82)
    for start in [60, 400, 740] { canvas.rectangle(252, start, 8, 160, white, opacity: 0.85) }
    for side in [112, 396] { canvas.rectangle(side, 0, 5, 1024, white, opacity: 0.62) }
    for bay in 0..<4 {
      canvas.rectangle(0, bay * 256, 112, 5, white, opacity: 0.55)
      canvas.rectangle(400, bay * 256, 112, 5, white, opacity: 0.55)
    }
    // Gutters along the kerbs.
    canvas.shade(0, 0, 14, 1024, top: 0.78, bottom: 0.78)
    canvas.shade(498, 0, 14, 1024, top: 0.78, bottom: 0.78)
    wear(&canvas, amount: 0.35)
    return canvas
  }

  func asphalt() -> Canvas { tarmac(width: 512, height: 512, .asphalt) }

  /// 512 texels across 10 m, 128 along 3 m.
  func zebra() -> Canvas {
    var canvas = tarmac(width: 512, height: 128, .zebra)
    for stripe in 0..<10 { canvas.rectangle(8 + stripe * 51, 10, 26, 108, Colour(0.88, 0.88, 0.85), opacity: 0.9) }
    wear(&canvas, amount: 0.5)
    return canvas
  }

  /// Rubs paint off in spots.
  private func wear(_ canvas: inout Canvas, amount: Float) {
    canvas.forEach { x, y, colour in
      let bare = smoothStep(0.1, 0.8, rough(x * 2 + 50, y * 2)) * amount
      return mix(colour, Colour(0.33, 0.33, 0.34), bare)
    }
  }

  private func tarmac(width: Int, height: Int, _ name: TextureSet.Name) -> Canvas {
    var random = random(name)
    var canvas = Canvas(width: width, height: height, fill: Colour(0.34, 0.345, 0.36))
    canvas.forEach { x, y, colour in
      let grain = 0.16 * fine(x, y) + 0.12 * rough(x, y + 91) + 0.10 * broad(x, y)
      return colour * (1 + grain)
    }
    for _ in 0..<(width * height / 26_000) {
      let (x, y) = (random.integer(below: width), random.integer(below: height))
      let level = random.uniform(0.22, 0.42)
      canvas.rectangle(
        x, y, 20 + random.integer(below: 70), 14 + random.integer(below: 60), Colour(level, level, level * 1.03),
        opacity: 0.5)
    }
    for _ in 0..<(width * height / 20_000) {
      let start = SIMD2(random.uniform(0, Float(width)), random.uniform(0, Float(height)))
      canvas.crack(from: start, length: 140, colour: Colour(0.12, 0.12, 0.12), opacity: 0.7, &random)
    }
    for _ in 0..<(width * height / 60_000) {
      let (x, y) = (random.uniform(0, Float(width)), random.uniform(0, Float(height)))
      canvas.ellipse(x, y, 14, 14, Colour(0.2, 0.19, 0.18), opacity: 0.9)
      canvas.ellipse(x, y, 10, 10, Colour(0.32, 0.30, 0.28), opacity: 0.8, softness: 0.4)
    }
    for _ in 0..<(width * height / 12_000) {
      let (x, y) = (random.uniform(0, Float(width)), random.uniform(0, Float(height)))
      canvas.ellipse(
        x, y, random.uniform(5, 26), random.uniform(5, 20), Colour(0.13, 0.13, 0.13), opacity: random.uniform(0.1, 0.4),
        softness: 0.8)
    }
    // Grit: single bright and dark stones.
    for _ in 0..<(width * height / 180) {
      let level = random.chance(0.5) ? random.uniform(0.5, 0.75) : random.uniform(0.1, 0.2)
      canvas.rectangle(
        random.integer(below: width), random.integer(below: height), 1 + random.integer(below: 2),
        1 + random.integer(below: 2), Colour(repeating: level), opacity: 0.7)
    }
    return canvas
  }

  /// 512 × 512 texels of paving; each slab a shade of its own.
  func slabs(_ name: TextureSet.Name, _ colour: Colour, size: Int, contrast: Float) -> Canvas {
    var random = random(name)
    var canvas = Canvas(width: 512, height: 512, fill: colour)
    for row in 0..<(512 / size) {
      for column in 0..<(512 / size) {
        let shift = row % 2 == 0 ? 0 : size / 2
        let tone = 1 + random.uniform(-contrast, contrast) - (random.chance(0.08) ? 0.22 : 0)
        let warm = random.uniform(-0.02, 0.02)
        let slab = colour * tone + Colour(warm, 0, -warm)
        canvas.rectangle(column * size + shift, row * size, size, size, slab)
        canvas.rectangle(column * size + shift, row * size, size, 2, slab * 0.62)
        canvas.rectangle(column * size + shift, row * size, 2, size, slab * 0.66)
      }
    }
    canvas.forEach { x, y, c in c * (1 + 0.12 * rough(x, y) + 0.09 * fine(x + 9, y) + 0.10 * broad(x, y + 40)) }
    for _ in 0..<90 {
      canvas.ellipse(
        random.uniform(0, 512), random.uniform(0, 512), random.uniform(1.5, 5), random.uniform(1.5, 5),
        Colour(0.25, 0.24, 0.23), opacity: random.uniform(0.3, 0.7), softness: 0.5)
    }
    for _ in 0..<8 {
      let start = SIMD2(random.uniform(0, 512), random.uniform(0, 512))
      canvas.crack(from: start, length: 90, colour: colour * 0.4, opacity: 0.6, &random)
    }
    return canvas
  }

  /// 512 × 512 texels, 12.8 m: lawn with clover, bare spots and flowers.
  func grass() -> Canvas {
    var random = random(.grass)
    var canvas = Canvas(width: 512, height: 512, fill: .zero)
    let (lush, dry, earth) = (Colour(0.27, 0.43, 0.16), Colour(0.50, 0.52, 0.25), Colour(0.44, 0.36, 0.25))
    canvas.forEach { x, y, _ in
      var colour = mix(lush, dry, unit(0.42 + 0.55 * rough(x, y)))
      colour = mix(colour, earth, smoothStep(0.52, 0.95, broad(x + 77, y)) * 0.75)
      let blades = 0.30 * fine(x, y) + 0.22 * rough(x * 2, y * 2 + 33) + 0.16 * broad(x * 2, y * 2)
      return colour * (1 + blades)
    }
    for _ in 0..<1500 {
      let tone = random.uniform(0.5, 1.5)
      canvas.ellipse(
        random.uniform(0, 512), random.uniform(0, 512), random.uniform(1, 4), random.uniform(1, 4),
        Colour(0.24, 0.38, 0.14) * tone, opacity: 0.55, softness: 0.5)
    }
    let flowers = [Colour(0.95, 0.93, 0.8), Colour(0.95, 0.85, 0.25), Colour(0.75, 0.55, 0.85)]
    for _ in 0..<420 {
      let flower = flowers[random.integer(below: 3)]
      canvas.rectangle(random.integer(below: 512), random.integer(below: 512), 2, 2, flower, opacity: 0.8)
    }
    return canvas
  }

  /// 1024 × 1024 texels, 270 m: fields, hedgerows and woods seen from a distance.
  func meadow() -> Canvas {
    var random = random(.meadow)
    let crops = [
      Colour(0.40, 0.50, 0.22), Colour(0.64, 0.58, 0.32), Colour(0.34, 0.45, 0.20), Colour(0.54, 0.50, 0.28),
      Colour(0.30, 0.42, 0.18), Colour(0.50, 0.42, 0.30), Colour(0.46, 0.55, 0.24),
    ]
    var canvas = Canvas(width: 1024, height: 1024, fill: crops[0])
    for row in 0..<6 {
      for column in 0..<5 {
        // Rows of fields are shifted, so that hedgerows do not line up.
        let (x, y) = (column * 205 + row * 77, row * 171)
        let crop = crops[random.integer(below: crops.count)] * random.uniform(0.88, 1.12)
        canvas.rectangle(x, y, 205, 171, crop)
        let alongX = random.chance(0.5)
        let spacing = 5 + random.integer(below: 5)
        for furrow in stride(from: 0, to: alongX ? 171 : 205, by: spacing) {
          let (w, h) = alongX ? (205, 2) : (2, 171)
          let shade = random.uniform(0.74, 0.9)
          canvas.rectangle(alongX ? x : x + furrow, alongX ? y + furrow : y, w, h, crop * shade)
        }
        for bush in stride(from: 0, to: 205, by: 4) where random.chance(0.85) {
          hedgeBush(&canvas, Float(x + bush), Float(y) + random.uniform(-2, 2), &random)
        }
        for bush in stride(from: 0, to: 171, by: 4) where random.chance(0.8) {
          hedgeBush(&canvas, Float(x) + random.uniform(-2, 2), Float(y + bush), &random)
        }
      }
    }
    for _ in 0..<9000 {
      let (x, y) = (random.uniform(0, 1024), random.uniform(0, 1024))
      let wooded = broad(Int(x) / 2, Int(y) / 2 + 200) > 0.3
      guard wooded || random.chance(0.03) else { continue }
      hedgeBush(&canvas, x, y, &random)
    }
    canvas.forEach { x, y, c in c * (1 + 0.16 * rough(x, y) + 0.14 * fine(x, y)) }
    return canvas
  }

  /// A bush or a tree crown from above, with its shadow.
  private func hedgeBush(_ canvas: inout Canvas, _ x: Float, _ y: Float, _ random: inout SeededRandom) {
    let radius = random.uniform(2.2, 4.8)
    canvas.ellipse(x - 1.6, y - 1.2, radius, radius, Colour(0.10, 0.14, 0.07), opacity: 0.75, softness: 0.3)
    canvas.ellipse(x, y, radius, radius, Colour(0.21, 0.33, 0.13) * random.uniform(0.7, 1.3), softness: 0.3)
  }

  func dirt() -> Canvas {
    var canvas = Canvas(width: 512, height: 512, fill: Colour(0.52, 0.44, 0.33))
    canvas.forEach { x, y, c in c * (1 + 0.2 * rough(x, y) + 0.16 * fine(x, y) + 0.1 * broad(x, y)) }
    return canvas
  }

  /// 512 × 512 texels, 8 m: flat roofs.
  func gravel() -> Canvas {
    var random = random(.gravel)
    var canvas = Canvas(width: 512, height: 512, fill: Colour(0.52, 0.50, 0.47))
    canvas.forEach { x, y, c in c * (1 + 0.22 * rough(x, y) + 0.2 * fine(x, y) + 0.12 * broad(x, y)) }
    for sheet in 0..<4 {
      canvas.rectangle(0, sheet * 128, 512, 3, Colour(0.3, 0.29, 0.28), opacity: 0.7)
      canvas.rectangle(sheet * 128 + 40, sheet * 128, 3, 128, Colour(0.3, 0.29, 0.28), opacity: 0.7)
    }
    for _ in 0..<26 {
      canvas.ellipse(
        random.uniform(0, 512), random.uniform(0, 512), random.uniform(10, 50), random.uniform(10, 40),
        Colour(0.3, 0.3, 0.3) * random.uniform(0.7, 1.4), opacity: 0.4, softness: 0.7)
    }
    return canvas
  }

  /// 512 × 512 texels, 6.4 m: rows of clay tiles.
  func roofTiles() -> Canvas {
    var random = random(.tiles)
    var canvas = Canvas(width: 512, height: 512, fill: Colour(0.62, 0.33, 0.24))
    for row in 0..<32 {
      for column in 0..<32 {
        let x = column * 16 + (row % 2) * 8
        let tile = Colour(0.64, 0.34, 0.24) * random.uniform(0.7, 1.2) + Colour(0, random.uniform(-0.02, 0.04), 0)
        canvas.rectangle(x, row * 16, 16, 16, tile)
        canvas.rectangle(x, row * 16 + 12, 16, 4, tile * 0.55)
        canvas.rectangle(x, row * 16, 2, 16, tile * 0.72)
      }
    }
    canvas.forEach { x, y, c in
      let moss = smoothStep(0.35, 0.9, broad(x, y + 11)) * 0.4
      return mix(c, Colour(0.34, 0.36, 0.24), moss) * (1 + 0.15 * rough(x, y))
    }
    return canvas
  }
}
