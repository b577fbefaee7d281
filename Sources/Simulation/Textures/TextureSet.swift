/// The textures of a world by name.
struct TextureSet: Sendable {
  enum Name: Int, CaseIterable {
    case road, asphalt, zebra, pavement, plaza, grass, meadow, dirt
    case brick, plaster, glass, concrete, stone, shops, shed
    case gravel, tiles, metal, posters, render
    case leaves, needles, bark, clouds
    case paint, carGlass, rubber, cloth, skin
  }

  let memory: TextureMemory

  init(seed: UInt64) {
    let painter = TexturePainter(seed: seed)
    memory = TextureMemory(Name.allCases.map { painter.canvas(for: $0) })
  }

  static func id(_ name: Name) -> TextureID { TextureID(index: UInt16(name.rawValue)) }
}

/// Paints the procedural textures.
struct TexturePainter {
  /// Smooth, a few bumps across the texture.
  let broad: NoiseField
  /// All scales.
  let rough: NoiseField
  /// Grain of one to four texels.
  let fine: NoiseField
  let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    broad = NoiseField(seed: seed &+ 11, coarsest: 4, octaves: 4, persistence: 0.5)
    rough = NoiseField(seed: seed &+ 12, coarsest: 8, octaves: 6, persistence: 0.72)
    fine = NoiseField(seed: seed &+ 13, coarsest: 128, octaves: 3, persistence: 0.9)
  }

  func random(_ name: TextureSet.Name) -> SeededRandom { SeededRandom(seed: seed, stream: 100 + UInt64(name.rawValue)) }

  func canvas(for name: TextureSet.Name) -> Canvas {
    switch name {
    case .road: road()
    case .asphalt: asphalt()
    case .zebra: zebra()
    case .pavement: slabs(name, Colour(0.66, 0.64, 0.60), size: 64, contrast: 0.10)
    case .plaza: slabs(name, Colour(0.72, 0.66, 0.57), size: 32, contrast: 0.16)
    case .grass: grass()
    case .meadow: meadow()
    case .dirt: dirt()
    case .brick, .plaster, .glass, .concrete, .stone: facade(name)
    case .shops: shops()
    case .shed: planks()
    case .gravel: gravel()
    case .tiles: roofTiles()
    case .metal: metal()
    case .posters: posters()
    case .render: render()
    case .leaves: leaves()
    case .needles: needles()
    case .bark: bark()
    case .clouds: clouds()
    case .paint: paint()
    case .carGlass: plain(name, 0.16, grain: 0.25)
    case .rubber: plain(name, 0.10, grain: 0.3)
    case .cloth: plain(name, 0.85, grain: 0.22)
    case .skin: plain(name, 0.9, grain: 0.08)
    }
  }

  /// 128 × 128 texels, 3.2 m: car body, to be tinted. The rows of the body's side are those from 92 to 117.
  private func paint() -> Canvas {
    var canvas = Canvas(width: 128, height: 128, fill: Colour(repeating: 0.95))
    canvas.modulate(rough, amount: 0.05, step: 2, offset: 77)
    canvas.shade(0, 92, 128, 25, top: 1.06, bottom: 0.72)
    canvas.rectangle(0, 98, 128, 1, Colour(repeating: 1), opacity: 0.5)
    canvas.rectangle(0, 99, 128, 1, Colour(repeating: 0.5), opacity: 0.5)
    for seam in [18, 58, 104] { canvas.rectangle(seam, 0, 1, 128, Colour(repeating: 0.35), opacity: 0.8) }
    for handle in [24, 64] { canvas.rectangle(handle, 96, 7, 2, Colour(repeating: 0.2)) }
    canvas.rectangle(0, 113, 128, 4, Colour(repeating: 0.22), opacity: 0.8)
    return canvas
  }

  /// A grey surface with a little structure, to be tinted.
  private func plain(_ name: TextureSet.Name, _ level: Float, grain: Float) -> Canvas {
    var canvas = Canvas(width: 64, height: 64, fill: Colour(repeating: level))
    canvas.modulate(rough, amount: grain, step: 3, offset: name.rawValue * 31)
    return canvas
  }
}
