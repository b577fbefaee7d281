/// Facades: 1024 × 1024 texels, eight windows by eight floors of 128 texels; shops: 1024 × 256.
extension TexturePainter {
  private static let cell = 128

  func facade(_ name: TextureSet.Name) -> Canvas {
    var random = random(name)
    var canvas = wall(name)
    for floor in 0..<8 {
      for column in 0..<8 {
        let (x, y) = (column * Self.cell, floor * Self.cell)
        switch name {
        case .glass: curtainWall(&canvas, x, y, &random)
        case .concrete: ribbonWindow(&canvas, x, y, &random)
        case .stone: tallWindow(&canvas, x, y, &random)
        default: sashWindow(&canvas, x, y, withBalcony: name == .plaster && random.chance(0.22), &random)
        }
      }
    }
    canvas.forEach { x, y, c in c * (1 + 0.05 * fine(x, y) + 0.05 * rough(x, y) + 0.07 * broad(x / 2, y / 2)) }
    return canvas
  }

  private func wall(_ name: TextureSet.Name) -> Canvas {
    var random = random(name)
    switch name {
    case .brick:
      var canvas = Canvas(width: 1024, height: 1024, fill: Colour(0.55, 0.50, 0.45))
      for row in 0..<128 {
        for column in 0..<64 {
          let brick = Colour(0.58, 0.31, 0.23) * random.uniform(0.72, 1.2)
          canvas.rectangle(column * 16 + (row % 2) * 8, row * 8, 15, 7, brick)
        }
      }
      return canvas
    case .stone:
      var canvas = Canvas(width: 1024, height: 1024, fill: Colour(0.60, 0.56, 0.48))
      for row in 0..<32 {
        for column in 0..<16 {
          let block = Colour(0.72, 0.67, 0.57) * random.uniform(0.85, 1.1)
          canvas.rectangle(column * 64 + (row % 2) * 32, row * 32, 62, 30, block)
        }
      }
      canvas.modulate(rough, amount: 0.14)
      return canvas
    case .concrete:
      var canvas = Canvas(width: 1024, height: 1024, fill: Colour(0.66, 0.65, 0.62))
      canvas.modulate(rough, amount: 0.16)
      for joint in 0..<8 { canvas.rectangle(joint * 128, 0, 3, 1024, Colour(0.4, 0.4, 0.39)) }
      return canvas
    case .glass:
      return Canvas(width: 1024, height: 1024, fill: Colour(0.42, 0.46, 0.50))
    default:
      var canvas = Canvas(width: 1024, height: 1024, fill: Colour(0.86, 0.85, 0.83))
      canvas.modulate(rough, amount: 0.09)
      for _ in 0..<60 {
        let start = SIMD2(random.uniform(0, 1024), random.uniform(0, 1024))
        canvas.crack(from: start, length: 60, colour: Colour(0.5, 0.48, 0.45), opacity: 0.5, &random)
      }
      for _ in 0..<40 {  // streaks that rain leaves under sills
        let (x, y) = (random.integer(below: 1024), random.integer(below: 1024))
        canvas.shade(x, y, 3 + random.integer(below: 8), 40 + random.integer(below: 60), top: 0.82, bottom: 1)
      }
      return canvas
    }
  }

  /// A pane: what it mirrors or shows behind it, in a few variants.
  private func pane(_ canvas: inout Canvas, _ x: Int, _ y: Int, _ w: Int, _ h: Int, _ random: inout SeededRandom) {
    let sky = random.uniform(0.7, 1.25)
    canvas.rectangle(x, y, w, h, Colour(0.20, 0.25, 0.31) * sky)
    canvas.shade(x, y, w, h, top: 1.5, bottom: 0.7)
    switch random.integer(below: 6) {
    case 0:  // curtains
      let curtain = Colour(random.uniform(0.6, 0.9), random.uniform(0.55, 0.8), random.uniform(0.5, 0.75))
      canvas.rectangle(x, y, w / 4, h, curtain)
      canvas.rectangle(x + w - w / 4, y, w / 4, h, curtain * 0.95)
    case 1:  // a blind, partly down
      let down = h / 4 + random.integer(below: h / 2)
      canvas.rectangle(x, y, w, down, Colour(0.78, 0.76, 0.70))
      for slat in stride(from: 0, to: down, by: 5) { canvas.rectangle(x, y + slat, w, 1, Colour(0.5, 0.49, 0.46)) }
    case 2:  // a lamp is on
      canvas.rectangle(x, y, w, h, Colour(0.85, 0.70, 0.42), opacity: 0.55)
    case 3:  // the opposite roofs, mirrored
      let line = h / 3 + random.integer(below: h / 3)
      canvas.rectangle(x, y + line, w, h - line, Colour(0.16, 0.15, 0.14), opacity: 0.6)
      canvas.rectangle(x + w / 3, y + line - h / 6, w / 4, h / 6, Colour(0.16, 0.15, 0.14), opacity: 0.6)
    case 4:  // plants on the sill
      for _ in 0..<7 {
        canvas.ellipse(
          Float(x) + random.uniform(3, Float(w - 3)), Float(y + h) - random.uniform(2, 10), 4, 5,
          Colour(0.2, 0.35, 0.14) * random.uniform(0.8, 1.3), softness: 0.4)
      }
    default: break
    }
  }

  private func sashWindow(
    _ canvas: inout Canvas, _ x: Int, _ y: Int, withBalcony: Bool, _ random: inout SeededRandom
  ) {
    let frame = random.chance(0.75) ? Colour(0.90, 0.90, 0.87) : Colour(0.40, 0.28, 0.20)
    canvas.rectangle(x + 30, y + 18, 68, 8, Colour(0.72, 0.68, 0.62))
    canvas.rectangle(x + 33, y + 26, 62, 76, frame)
    pane(&canvas, x + 37, y + 30, 25, 34, &random)
    pane(&canvas, x + 66, y + 30, 25, 34, &random)
    pane(&canvas, x + 37, y + 68, 25, 31, &random)
    pane(&canvas, x + 66, y + 68, 25, 31, &random)
    canvas.rectangle(x + 33, y + 26, 62, 4, Colour(0.15, 0.15, 0.15), opacity: 0.6)
    canvas.rectangle(x + 28, y + 102, 72, 7, Colour(0.80, 0.78, 0.74))
    canvas.shade(x + 28, y + 109, 72, 9, top: 0.6, bottom: 0.95)
    if random.chance(0.35) {
      let shutter = [Colour(0.25, 0.38, 0.33), Colour(0.42, 0.24, 0.2), Colour(0.3, 0.35, 0.45)][
        random.integer(below: 3)]
      for side in [x + 12, x + 97] {
        canvas.rectangle(side, y + 26, 19, 76, shutter)
        for slat in stride(from: 30, to: 100, by: 6) { canvas.rectangle(side + 2, y + slat, 15, 2, shutter * 0.6) }
      }
    } else if random.chance(0.2) {
      canvas.rectangle(x + 102, y + 84, 22, 16, Colour(0.78, 0.78, 0.76))
      canvas.ellipse(Float(x + 113), Float(y + 92), 6, 6, Colour(0.35, 0.35, 0.35))
    }
    if withBalcony {
      canvas.rectangle(x + 14, y + 100, 100, 6, Colour(0.5, 0.5, 0.5))
      for bar in stride(from: 14, to: 114, by: 7) { canvas.rectangle(x + bar, y + 72, 2, 30, Colour(0.2, 0.2, 0.22)) }
      canvas.rectangle(x + 14, y + 70, 100, 3, Colour(0.2, 0.2, 0.22))
      canvas.shade(x + 14, y + 106, 100, 20, top: 0.55, bottom: 0.95)
    }
  }

  private func tallWindow(_ canvas: inout Canvas, _ x: Int, _ y: Int, _ random: inout SeededRandom) {
    canvas.rectangle(x, y, 128, 5, Colour(0.80, 0.76, 0.66))
    canvas.shade(x, y + 5, 128, 6, top: 0.6, bottom: 0.95)
    canvas.rectangle(x + 36, y + 16, 56, 100, Colour(0.82, 0.78, 0.70))
    canvas.ellipse(Float(x + 64), Float(y + 26), 25, 14, Colour(0.86, 0.82, 0.74))
    canvas.rectangle(x + 42, y + 24, 44, 86, Colour(0.32, 0.28, 0.24))
    pane(&canvas, x + 45, y + 27, 18, 36, &random)
    pane(&canvas, x + 66, y + 27, 18, 36, &random)
    pane(&canvas, x + 45, y + 67, 18, 40, &random)
    pane(&canvas, x + 66, y + 67, 18, 40, &random)
    canvas.shade(x + 36, y + 116, 56, 8, top: 0.62, bottom: 0.95)
    canvas.rectangle(x + 8, y + 12, 12, 112, Colour(0.78, 0.73, 0.63))
    canvas.shade(x + 20, y + 12, 5, 112, top: 0.7, bottom: 0.7)
  }

  private func ribbonWindow(_ canvas: inout Canvas, _ x: Int, _ y: Int, _ random: inout SeededRandom) {
    canvas.rectangle(x + 4, y + 28, 120, 66, Colour(0.22, 0.22, 0.23))
    pane(&canvas, x + 7, y + 32, 36, 58, &random)
    pane(&canvas, x + 46, y + 32, 36, 58, &random)
    pane(&canvas, x + 85, y + 32, 36, 58, &random)
    canvas.rectangle(x + 2, y + 94, 124, 6, Colour(0.76, 0.75, 0.72))
    canvas.shade(x + 2, y + 100, 124, 10, top: 0.68, bottom: 1)
    if random.chance(0.3) { canvas.shade(x + 40, y + 100, 8, 28, top: 0.7, bottom: 0.95) }
  }

  private func curtainWall(_ canvas: inout Canvas, _ x: Int, _ y: Int, _ random: inout SeededRandom) {
    for half in 0..<2 {
      let left = x + half * 64
      pane(&canvas, left + 2, y + 2, 60, 92, &random)
      let mirrored = Colour(0.50, 0.60, 0.70) * random.uniform(0.7, 1.15)
      canvas.rectangle(left + 2, y + 2, 60, 92, mirrored, opacity: random.uniform(0.3, 0.75))
      // A diagonal glint.
      for row in 0..<60 {
        canvas.rectangle(left + 8 + row / 2, y + 80 - row, 10, 1, Colour(0.85, 0.9, 0.95), opacity: 0.16)
      }
      canvas.rectangle(left + 2, y + 96, 60, 30, Colour(0.27, 0.33, 0.38) * random.uniform(0.8, 1.2))
      canvas.rectangle(left, y, 3, 128, Colour(0.62, 0.64, 0.66))
    }
    canvas.rectangle(x, y + 93, 128, 4, Colour(0.65, 0.67, 0.68))
    canvas.rectangle(x, y, 128, 3, Colour(0.58, 0.60, 0.62))
  }

  /// Ground floors: eight shops of 128 × 256 texels, 2.6 m × 4 m each.
  func shops() -> Canvas {
    var random = random(.shops)
    var canvas = Canvas(width: 1024, height: 256, fill: Colour(0.55, 0.52, 0.48))
    canvas.modulate(rough, amount: 0.15)
    let signs = [
      Colour(0.70, 0.16, 0.14), Colour(0.13, 0.33, 0.55), Colour(0.12, 0.42, 0.27), Colour(0.85, 0.62, 0.15),
      Colour(0.25, 0.22, 0.24), Colour(0.55, 0.25, 0.45), Colour(0.10, 0.45, 0.50), Colour(0.90, 0.88, 0.80),
    ]
    for shop in 0..<8 {
      let x = shop * 128
      let sign = signs[(shop * 5 + Int(seed % 8)) % 8]
      canvas.rectangle(x, 0, 128, 14, Colour(0.66, 0.63, 0.57))
      canvas.rectangle(x + 4, 22, 120, 40, sign)
      let ink = Luma.of(sign) > 0.5 ? Colour(0.15, 0.15, 0.15) : Colour(0.95, 0.93, 0.85)
      lettering(&canvas, x + 14, 31, 98, 22, ink, &random)
      canvas.rectangle(x + 6, 74, 116, 170, Colour(0.18, 0.17, 0.17))
      pane(&canvas, x + 10, 78, 68, 140, &random)
      for _ in 0..<9 {
        let goods = Colour(random.uniform(0.2, 0.9), random.uniform(0.2, 0.9), random.uniform(0.2, 0.9))
        canvas.rectangle(
          x + 12 + random.integer(below: 52), 150 + random.integer(below: 54), 6 + random.integer(below: 12),
          8 + random.integer(below: 14), goods)
      }
      pane(&canvas, x + 86, 78, 32, 160, &random)
      canvas.rectangle(x + 86, 150, 4, 18, Colour(0.8, 0.78, 0.6))
      canvas.rectangle(x + 10, 218, 68, 26, sign * 0.6)
      if shop % 3 == 1 {
        for stripe in 0..<12 {
          let cloth = stripe % 2 == 0 ? sign : Colour(0.92, 0.9, 0.85)
          canvas.rectangle(x + 4 + stripe * 10, 62, 10, 34, cloth)
        }
        canvas.shade(x + 4, 62, 120, 34, top: 1.1, bottom: 0.75)
        canvas.shade(x + 4, 96, 120, 22, top: 0.5, bottom: 1)
      }
    }
    canvas.shade(0, 236, 1024, 20, top: 1, bottom: 0.6)
    return canvas
  }

  /// Rows of strokes that read as letters from afar.
  private func lettering(
    _ canvas: inout Canvas, _ x: Int, _ y: Int, _ w: Int, _ h: Int, _ ink: Colour, _ random: inout SeededRandom
  ) {
    var column = x
    while column < x + w - h {
      let letter = h / 2 + random.integer(below: h / 3)
      let stroke = max(2, h / 7)
      if random.chance(0.12) {
        column += letter
        continue
      }
      if random.chance(0.8) { canvas.rectangle(column, y, stroke, h, ink) }
      if random.chance(0.55) { canvas.rectangle(column + letter - stroke, y, stroke, h, ink) }
      if random.chance(0.6) { canvas.rectangle(column, y, letter, stroke, ink) }
      if random.chance(0.6) { canvas.rectangle(column, y + h / 2 - stroke / 2, letter, stroke, ink) }
      if random.chance(0.5) { canvas.rectangle(column, y + h - stroke, letter, stroke, ink) }
      column += letter + stroke + 1
    }
  }

  /// 512 × 256 texels: eight different posters of 128 × 128 for walls and roofs.
  func posters() -> Canvas {
    var random = random(.posters)
    var canvas = Canvas(width: 512, height: 256, fill: .zero)
    for poster in 0..<8 {
      let (x, y) = (poster % 4 * 128, poster / 4 * 128)
      let paper = Colour(random.uniform(0.3, 1), random.uniform(0.3, 1), random.uniform(0.3, 1))
      canvas.rectangle(x, y, 128, 128, paper)
      for _ in 0..<6 {
        let ink = Colour(random.uniform(0, 1), random.uniform(0, 1), random.uniform(0, 1))
        let (radius, height) = (random.uniform(8, 30), random.uniform(8, 30))
        canvas.ellipse(
          Float(x) + random.uniform(32, 96), Float(y) + random.uniform(32, 90), radius, height, ink, softness: 0.05)
      }
      lettering(&canvas, x + 10, y + 12, 108, 20, Colour(0.08, 0.08, 0.1), &random)
      lettering(&canvas, x + 10, y + 98, 108, 14, Colour(0.95, 0.95, 0.95), &random)
      for side in [0, 124] {
        canvas.rectangle(x + side, y, 4, 128, Colour(0.2, 0.2, 0.2))
        canvas.rectangle(x, y + side, 128, 4, Colour(0.2, 0.2, 0.2))
      }
    }
    return canvas
  }

  /// 256 × 256 texels: weathered render, for walls without windows.
  func render() -> Canvas {
    var random = random(.render)
    var canvas = Canvas(width: 256, height: 256, fill: Colour(0.80, 0.79, 0.76))
    canvas.forEach { x, y, c in c * (1 + 0.12 * rough(x, y) + 0.08 * fine(x, y) + 0.06 * broad(x * 2, y * 2)) }
    for _ in 0..<24 {
      canvas.shade(
        random.integer(below: 256), random.integer(below: 256), 2 + random.integer(below: 5),
        30 + random.integer(below: 50), top: 0.78, bottom: 1)
    }
    for _ in 0..<10 {
      let start = SIMD2(random.uniform(0, 256), random.uniform(0, 256))
      canvas.crack(from: start, length: 50, colour: Colour(0.4, 0.38, 0.36), opacity: 0.6, &random)
    }
    return canvas
  }

  /// 256 × 256 texels: boards of a shed.
  func planks() -> Canvas {
    var random = random(.shed)
    var canvas = Canvas(width: 256, height: 256, fill: Colour(0.75, 0.72, 0.68))
    for board in 0..<16 {
      let tone = random.uniform(0.75, 1.1)
      canvas.rectangle(board * 16, 0, 15, 256, Colour(0.78, 0.74, 0.68) * tone)
      canvas.rectangle(board * 16 + 15, 0, 1, 256, Colour(0.25, 0.22, 0.2))
    }
    canvas.forEach { x, y, c in c * (1 + 0.2 * rough(x * 4, y)) }
    return canvas
  }

  /// 128 × 128 texels: ribbed sheet metal with a fan, for machines on roofs.
  func metal() -> Canvas {
    var canvas = Canvas(width: 128, height: 128, fill: Colour(0.70, 0.71, 0.72))
    for rib in 0..<16 {
      canvas.shade(rib * 8, 0, 8, 128, top: rib % 2 == 0 ? 0.86 : 1.06, bottom: rib % 2 == 0 ? 0.8 : 1)
    }
    canvas.ellipse(64, 64, 40, 40, Colour(0.25, 0.25, 0.26))
    canvas.ellipse(64, 64, 32, 32, Colour(0.40, 0.41, 0.42))
    canvas.rectangle(30, 61, 68, 6, Colour(0.2, 0.2, 0.2))
    canvas.rectangle(61, 30, 6, 68, Colour(0.2, 0.2, 0.2))
    canvas.modulate(rough, amount: 0.16)
    return canvas
  }
}
