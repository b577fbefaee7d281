extension TexturePainter {
  /// 512 × 512 texels: clumps of leaves, light on top of dark.
  func leaves() -> Canvas {
    var random = random(.leaves)
    var canvas = Canvas(width: 512, height: 512, fill: Colour(0.10, 0.16, 0.06))
    for layer in 0..<4 {
      let tone = 0.55 + 0.25 * Float(layer)
      for _ in 0..<2600 {
        let leaf = Colour(0.27, 0.42, 0.14) * tone * random.uniform(0.75, 1.3)
        let (x, y) = (random.uniform(0, 512), random.uniform(0, 512))
        guard rough(Int(x), Int(y) + layer * 99) > Float(layer) * 0.22 - 0.5 else { continue }
        canvas.ellipse(
          x, y, random.uniform(2, 5.5), random.uniform(2, 5.5), leaf + Colour(random.uniform(0, 0.05), 0, 0),
          softness: 0.3)
      }
    }
    canvas.modulate(rough, amount: 0.3)
    return canvas
  }

  /// 256 × 256 texels: conifer branches.
  func needles() -> Canvas {
    var random = random(.needles)
    var canvas = Canvas(width: 256, height: 256, fill: Colour(0.10, 0.17, 0.10))
    for _ in 0..<5200 {
      let tone = random.uniform(0.6, 1.7)
      canvas.rectangle(
        random.integer(below: 256), random.integer(below: 256), 1 + random.integer(below: 2),
        3 + random.integer(below: 7), Colour(0.17, 0.29, 0.16) * tone)
    }
    canvas.modulate(rough, amount: 0.35, step: 2)
    return canvas
  }

  /// 64 × 128 texels.
  func bark() -> Canvas {
    var canvas = Canvas(width: 64, height: 128, fill: Colour(0.36, 0.28, 0.21))
    canvas.forEach { x, y, c in c * (1 + 0.45 * rough(x * 8, y) + 0.2 * fine(x, y)) }
    return canvas
  }

  /// 512 × 512 texels: blue sky with cumulus.
  func clouds() -> Canvas {
    var canvas = Canvas(width: 512, height: 512, fill: .zero)
    let (sky, white, grey) = (Colour(0.36, 0.58, 0.88), Colour(1, 1, 1), Colour(0.74, 0.78, 0.84))
    canvas.forEach { x, y, _ in
      let density = 0.75 * broad(x, y) + 0.42 * rough(x, y + 17)
      let cover = smoothStep(0.02, 0.62, density)
      let lit = smoothStep(-0.5, 0.6, density - broad(x + 9, y + 9))
      return mix(sky, mix(grey, white, lit), cover * 0.95)
    }
    return canvas
  }
}
