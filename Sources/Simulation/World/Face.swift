/// What gives a face its colour beside its texture: a factor on luma, and chroma that is added.
struct Tint {
  var luma: Float
  var cb: Float
  var cr: Float

  static let none = Tint(luma: 1, cb: 0, cr: 0)

  init(luma: Float, cb: Float = 0, cr: Float = 0) {
    self.luma = luma
    self.cb = cb
    self.cr = cr
  }

  /// Paints a grey texture of mean brightness `base` with `colour`.
  init(_ colour: Colour, base: Float = 1) {
    luma = Luma.of(colour) / base
    (cb, cr) = Luma.chroma(of: colour)
  }

  static func * (a: Tint, b: Tint) -> Tint { Tint(luma: a.luma * b.luma, cb: a.cb + b.cb, cr: a.cr + b.cr) }
}

/// A convex, planar polygon of three or four corners with affine attributes, in the coordinates of its mesh.
///
/// An attribute is an affine function of position, gradient · p + offset, stored as `(gradient, offset)`. Because the
/// attributes belong to the plane, not to the corners, clipping and projection leave them alone.
struct Face {
  /// Counter-clockwise seen from outside; the fourth repeats the third in a triangle.
  var corners: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
  /// Outward unit normal and its distance: n · p = d on the plane.
  var plane: SIMD4<Float>
  /// Texture coordinates, in texels of level 0.
  var u: SIMD4<Float>
  var v: SIMD4<Float>
  /// Without a light map: brightness. With one: the map's column.
  var light: SIMD4<Float>
  /// With a light map: the map's row.
  var lightRow: SIMD4<Float>
  var tint: Tint
  /// The light map, or −1.
  var lightMap: Int32
  var texture: TextureID
  var cornerCount: UInt8
}

/// How a texture lies on a face: directions of its columns and rows in space, texels a metre along each, and the
/// texel at the origin.
struct TextureMapping {
  var origin: SIMD3<Float>
  var columns: SIMD3<Float>
  var rows: SIMD3<Float>
  var texelsPerMetre: SIMD2<Float>
  var offset: SIMD2<Float> = .zero

  var u: SIMD4<Float> {
    let gradient = columns * texelsPerMetre.x
    return SIMD4(gradient, offset.x - gradient.dot(origin))
  }

  var v: SIMD4<Float> {
    let gradient = rows * texelsPerMetre.y
    return SIMD4(gradient, offset.y - gradient.dot(origin))
  }

  /// The texture seen from above: columns to the east, rows to the south.
  static func ground(_ texelsPerMetre: Float) -> TextureMapping {
    TextureMapping(
      origin: .zero, columns: SIMD3(1, 0, 0), rows: SIMD3(0, -1, 0), texelsPerMetre: SIMD2(repeating: texelsPerMetre))
  }

  /// Projection along the main axis of `normal`: neighbouring faces of a blob share it, so few seams show.
  static func along(_ normal: SIMD3<Float>, texelsPerMetre: Float) -> TextureMapping {
    let size = SIMD3(abs(normal.x), abs(normal.y), abs(normal.z))
    let scale = SIMD2<Float>(repeating: texelsPerMetre)
    if size.z >= size.x && size.z >= size.y { return ground(texelsPerMetre) }
    let columns = size.x >= size.y ? SIMD3<Float>(0, 1, 0) : SIMD3<Float>(1, 0, 0)
    return TextureMapping(origin: .zero, columns: columns, rows: SIMD3(0, 0, -1), texelsPerMetre: scale)
  }
}

/// A light map stretched over a face: its index, and column and row as affine functions of position.
struct LightMapping {
  var map: Int32
  var column: SIMD4<Float>
  var row: SIMD4<Float>
}

/// A run of faces in `FlightWorld.faces` with the sphere that bounds it.
struct Mesh {
  var faces: Range<Int>
  var centre: SIMD3<Float>
  var radius: Float
  /// Further away than this it is too small to be worth drawing.
  var reach = Float.infinity
}

/// Collects the faces of one mesh.
struct MeshBuilder {
  private(set) var faces: [Face] = []
  var texture: TextureID
  var tint = Tint.none
  /// Brightness of the faces that follow, by outward normal.
  var brightness: (SIMD3<Float>) -> Float

  init(texture: TextureID, brightness: @escaping (SIMD3<Float>) -> Float) {
    self.texture = texture
    self.brightness = brightness
  }

  /// Adds a polygon of three or four corners, counter-clockwise seen from outside.
  mutating func add(_ corners: [SIMD3<Float>], _ mapping: TextureMapping, light: LightMapping? = nil) {
    let normal = Self.normal(of: corners)
    let flat = brightness(normal)
    append(
      corners, normal, mapping, light: light?.column ?? SIMD4(0, 0, 0, flat), row: light?.row ?? .zero,
      map: light?.map ?? -1)
  }

  /// Adds a polygon textured along the main axis of its normal.
  mutating func add(_ corners: [SIMD3<Float>], texelsPerMetre: Float) {
    add(corners, .along(Self.normal(of: corners), texelsPerMetre: texelsPerMetre))
  }

  /// Adds a triangle whose brightness runs linearly between the given values at its corners.
  mutating func add(triangle corners: [SIMD3<Float>], brightness values: SIMD3<Float>, _ mapping: TextureMapping) {
    let normal = Self.normal(of: corners)
    let (e1, e2) = (corners[1] - corners[0], corners[2] - corners[0])
    // The gradient in the plane: g·e1 = Δ1, g·e2 = Δ2, g·n = 0.
    let area = e1.cross(e2)
    let (d1, d2) = (values.y - values.x, values.z - values.x)
    let gradient = (e2.cross(area) * d1 + area.cross(e1) * d2) / max(area.dot(area), 1e-12)
    append(
      corners, normal, mapping, light: SIMD4(gradient, values.x - gradient.dot(corners[0])), row: .zero, map: -1)
  }

  /// Adds the six faces of a box (without the bottom unless asked for), textured along the axes.
  mutating func box(_ low: SIMD3<Float>, _ high: SIMD3<Float>, texelsPerMetre: Float, bottom: Bool = false) {
    prism(low: low, high: high, topInset: .zero, texelsPerMetre: texelsPerMetre, bottom: bottom)
  }

  /// A box whose top is drawn in by `topInset` on either side along x (front, back) and y.
  mutating func prism(
    low: SIMD3<Float>, high: SIMD3<Float>, topInset: SIMD3<Float>, texelsPerMetre: Float, bottom: Bool = false
  ) {
    let b = [
      SIMD3(low.x, low.y, low.z), SIMD3(high.x, low.y, low.z), SIMD3(high.x, high.y, low.z),
      SIMD3(low.x, high.y, low.z),
    ]
    let t = [
      SIMD3(low.x + topInset.x, low.y + topInset.y, high.z), SIMD3(high.x - topInset.x, low.y + topInset.y, high.z),
      SIMD3(high.x - topInset.x, high.y - topInset.y, high.z), SIMD3(low.x + topInset.x, high.y - topInset.y, high.z),
    ]
    for side in 0..<4 {
      let next = (side + 1) % 4
      add([b[side], b[next], t[next], t[side]], texelsPerMetre: texelsPerMetre)
    }
    add(t, texelsPerMetre: texelsPerMetre)
    if bottom { add(b.reversed(), texelsPerMetre: texelsPerMetre) }
  }

  private mutating func append(
    _ corners: [SIMD3<Float>], _ normal: SIMD3<Float>, _ mapping: TextureMapping, light: SIMD4<Float>,
    row: SIMD4<Float>, map: Int32
  ) {
    faces.append(
      Face(
        corners: (corners[0], corners[1], corners[2], corners[corners.count - 1]),
        plane: SIMD4(normal, normal.dot(corners[0])), u: mapping.u, v: mapping.v, light: light, lightRow: row,
        tint: tint, lightMap: map, texture: texture, cornerCount: UInt8(corners.count)))
  }

  static func normal(of corners: [SIMD3<Float>]) -> SIMD3<Float> {
    (corners[1] - corners[0]).cross(corners[2] - corners[0]).normalized
  }
}
