/// What a frame's pixels look like: turns visible faces into luma and chroma, eight pixels at a time.
///
/// Everything runs on raw memory: no reference counting, bounds checks or allocation in the loops.
struct Shader {
  let textures: UnsafePointer<TextureMemory.Layout>
  let levelStarts: UnsafePointer<Int32>
  let texelLuma: UnsafePointer<UInt8>
  let texelChroma: UnsafePointer<UInt16>
  let lightMaps: UnsafePointer<LightMapBuilder.Layout>
  let lightBytes: UnsafePointer<UInt8>
  let faces: UnsafePointer<FrameFace>
  /// The sky, drawn where no face is.
  let sky: UnsafePointer<FrameFace>
  let haze: Haze

  /// Eight pixels' worth of one face.
  struct Group {
    var luma: SIMD8<Float>
    /// Chroma at the pixels 0, 2, 4 and 6, around 128.
    var cb: SIMD4<Float>
    var cr: SIMD4<Float>
  }

  /// Adding 1.5·2²³ to a float leaves its nearest whole number in the low bits.
  private static let roundingMagic: Float = 12_582_912
  private static let roundingBits: Int32 = 0x4b40_0000
  /// Texture coordinates carry this many fractional bits: enough for smooth magnification, and it leaves 15 bits for
  /// texels.
  private static let fractionBits: Int32 = 7

  /// Shades one row; chroma is written too when `chroma` is given.
  @inline(never)
  func shade(
    row: Int, width: Int, numbers: UnsafePointer<Int32>,
    luma: UnsafeMutablePointer<UInt8>, cb: UnsafeMutablePointer<UInt8>?, cr: UnsafeMutablePointer<UInt8>?
  ) {
    var x = 0
    var detail = Detail()
    while x < width {
      let ids = UnsafeRawPointer(numbers + x).loadUnaligned(as: SIMD8<Int32>.self)
      let first = ids[0]
      var group: Group
      if ids == SIMD8(repeating: first) {
        group = shadeGroup(number: first, x: x, row: row, wantsChroma: cb != nil, detail: &detail)
      } else {
        group = mixedGroup(ids, x: x, row: row, wantsChroma: cb != nil)
        detail.number = .min
      }
      store(group, x: x, width: width, luma: luma, cb: cb, cr: cr)
      x += 8
    }
  }

  /// A group that several faces share: each face is shaded for the lanes it owns.
  @inline(never)
  private func mixedGroup(_ ids: SIMD8<Int32>, x: Int, row: Int, wantsChroma: Bool) -> Group {
    var group = Group(luma: .zero, cb: .zero, cr: .zero)
    var pending = SIMDMask<SIMD8<Int32>>(repeating: true)
    var lane = 0
    while lane < 8 {
      guard pending[lane] else {
        lane += 1
        continue
      }
      let number = ids[lane]
      let owned = ids .== SIMD8<Int32>(repeating: number)
      var detail = Detail(isNearest: true)
      let part = shadeGroup(number: number, x: x, row: row, wantsChroma: wantsChroma, detail: &detail)
      group.luma.replace(with: part.luma, where: owned)
      let even = ids.evenHalf .== SIMD4<Int32>(repeating: number)
      group.cb.replace(with: part.cb, where: even)
      group.cr.replace(with: part.cr, where: even)
      pending .&= .!owned
      lane += 1
    }
    return group
  }

  @inline(__always)
  private func store(
    _ group: Group, x: Int, width: Int, luma: UnsafeMutablePointer<UInt8>, cb: UnsafeMutablePointer<UInt8>?,
    cr: UnsafeMutablePointer<UInt8>?
  ) {
    // 0…255 to video range 16…235.
    let video = (group.luma * (219.0 / 255) + 16).atLeast(16).atMost(235)
    let bytes = SIMD8<UInt8>(truncatingIfNeeded: Self.rounded(video))
    if x + 8 <= width {
      UnsafeMutableRawPointer(luma + x).storeBytes(of: bytes, as: SIMD8<UInt8>.self)
    } else {
      for lane in 0..<width - x { luma[x + lane] = bytes[lane] }
    }
    guard let cb, let cr else { return }
    let blue = SIMD4<UInt8>(truncatingIfNeeded: Self.rounded(group.cb.atLeast(16).atMost(240)))
    let red = SIMD4<UInt8>(truncatingIfNeeded: Self.rounded(group.cr.atLeast(16).atMost(240)))
    if x + 8 <= width {
      UnsafeMutableRawPointer(cb + x / 2).storeBytes(of: blue, as: SIMD4<UInt8>.self)
      UnsafeMutableRawPointer(cr + x / 2).storeBytes(of: red, as: SIMD4<UInt8>.self)
    } else {
      for lane in 0..<(width - x + 1) / 2 {
        cb[x / 2 + lane] = blue[lane]
        cr[x / 2 + lane] = red[lane]
      }
    }
  }

  @inline(__always) private static func rounded(_ value: SIMD8<Float>) -> SIMD8<Int32> {
    unsafeBitCast(value + roundingMagic, to: SIMD8<Int32>.self) &- SIMD8(repeating: roundingBits)
  }

  @inline(__always) private static func rounded(_ value: SIMD4<Float>) -> SIMD4<Int32> {
    unsafeBitCast(value + roundingMagic, to: SIMD4<Int32>.self) &- SIMD4(repeating: roundingBits)
  }

  /// Whole numbers 0..<2²³ as floats, without a conversion instruction per lane.
  @inline(__always) private static func float(_ value: SIMD8<UInt32>) -> SIMD8<Float> {
    unsafeBitCast(value | SIMD8(repeating: 0x4b00_0000), to: SIMD8<Float>.self) - 8_388_608
  }

  @inline(__always) private static func float(_ value: SIMD4<UInt32>) -> SIMD4<Float> {
    unsafeBitCast(value | SIMD4(repeating: 0x4b00_0000), to: SIMD4<Float>.self) - 8_388_608
  }

  /// The mip level of a group, kept for the group to its right if that shows the same face.
  private struct Detail {
    var number = Int32.min
    var level: Int32 = 0
    var blend: Float = 0
    /// Take the nearer of two levels instead of blending them: between faces nobody sees the difference.
    var isNearest = false
  }

  @inline(__always)
  private func shadeGroup(number: Int32, x: Int, row: Int, wantsChroma: Bool, detail: inout Detail) -> Group {
    if number >= 0 {
      return shade(faces + Int(number), number, x: x, row: row, wantsChroma: wantsChroma, detail: &detail)
    }
    return shade(sky, number, x: x, row: row, wantsChroma: wantsChroma, detail: &detail)
  }

  @inline(__always)
  private func shade(
    _ face: UnsafePointer<FrameFace>, _ number: Int32, x: Int, row: Int, wantsChroma: Bool, detail: inout Detail
  ) -> Group {
    let lanes = SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7)
    let (fx, fy) = (Float(x), Float(row))
    @inline(__always) func along(_ f: SIMD3<Float>) -> SIMD8<Float> { lanes * f.x + (f.z + f.x * fx + f.y * fy) }
    @inline(__always) func along4(_ f: SIMD3<Float>) -> SIMD4<Float> {
      lanes.evenHalf * f.x + (f.z + f.x * fx + f.y * fy)
    }
    // Lanes outside the face may lie beyond its horizon; they are not used, but must stay finite. Texture coordinates
    // may be anything there: they are wrapped into the texture.
    let inverse = along(face.pointee.inverseDepth)
    let depth = 1 / inverse.atLeast(1e-5)
    let u = along(face.pointee.u) * depth
    let v = along(face.pointee.v) * depth

    let texture = Int(face.pointee.texture)
    if detail.number == number {
      detail.number = .min
    } else {
      // At the last pixel: the middle of this group and the next.
      (detail.level, detail.blend) = levelOfDetail(
        face, u: u[7], v: v[7], depth: depth[7], last: textures[texture].lastLevel)
      detail.number = number
      if detail.isNearest {
        if detail.blend > 0.5 { detail.level += 1 }
        detail.blend = 0
      }
    }
    var luma = sample(texture, level: detail.level, u: u, v: v)
    if detail.blend > 0 {
      luma += (sample(texture, level: detail.level + 1, u: u, v: v) - luma) * detail.blend
    }

    var light: SIMD8<Float>
    let lightMap = face.pointee.lightMap
    if lightMap >= 0 {
      let evenDepth = depth.evenHalf
      light = lightSample(
        lightMap, column: along4(face.pointee.light) * evenDepth, row: along4(face.pointee.lightRow) * evenDepth)
    } else {
      light = along(face.pointee.light) * depth
    }
    let fog = haze.amount(at: depth)
    luma = luma * light * face.pointee.tint.luma
    luma += (haze.luma - luma) * fog
    guard wantsChroma else { return Group(luma: luma, cb: .zero, cr: .zero) }
    let (cb, cr) = chroma(texture, level: detail.level, u: u.evenHalf, v: v.evenHalf)
    // Shade is bluish, sun is warm.
    let brightness = light.evenHalf
    let clear = 1 - fog.evenHalf
    let strength = brightness.atLeast(0.35).atMost(1.1)
    let warmth = (brightness - 0.85) * 5
    let tintedCb = ((cb - 128) + face.pointee.tint.cb) * strength - warmth
    let tintedCr = ((cr - 128) + face.pointee.tint.cr) * strength + warmth * 0.7
    return Group(
      luma: luma, cb: tintedCb * clear + (1 - clear) * haze.cb + 128, cr: tintedCr * clear + (1 - clear) * haze.cr + 128
    )
  }

  /// The mip level at the middle of a group, and how far on the way to the next.
  ///
  /// Where a surface is seen at a grazing angle, the footprint of a pixel is long and narrow. A compromise between its
  /// two sides keeps texture sharp without shimmer.
  @inline(__always)
  private func levelOfDetail(
    _ face: UnsafePointer<FrameFace>, u: Float, v: Float, depth: Float, last: Int32
  ) -> (level: Int32, blend: Float) {
    let (w, fu, fv) = (face.pointee.inverseDepth, face.pointee.u, face.pointee.v)
    let dux = (fu.x - u * w.x) * depth
    let dvx = (fv.x - v * w.x) * depth
    let duy = (fu.y - u * w.y) * depth
    let dvy = (fv.y - v * w.y) * depth
    let alongX = dux * dux + dvx * dvx
    let alongY = duy * duy + dvy * dvy
    let area = abs(dux * dvy - duy * dvx)
    let major = max(alongX, alongY)
    // The geometric mean of the sides is the root of the area; but no side may be more than 2.5 texels a sample.
    let squared = max(area, major * 0.16)
    // log2 of the footprint from the float's bits: exponent, and mantissa as a straight line.
    let bits = Int32(bitPattern: max(1, squared).bitPattern)
    let logarithm = Float(bits &- 0x3f80_0000) * (0.5 / 8_388_608)
    let bounded = min(logarithm, Float(last) - 0.001)
    let whole = Int32(bounded)
    // Blending over the middle third of each level only: it saves the second sample elsewhere.
    let blend = unit((bounded - Float(whole)) * 3 - 1)
    return blend >= 1 ? (whole + 1, 0) : (whole, blend)
  }

  /// 2 to a power between −126 and 127, put together from its bits.
  @inline(__always) private static func powerOfTwo(_ exponent: Int32) -> Float {
    Float(bitPattern: UInt32(bitPattern: (exponent &+ 127) &<< 23))
  }

  /// A bilinear sample of luma, 0…255.
  @inline(__always)
  private func sample(_ texture: Int, level: Int32, u: SIMD8<Float>, v: SIMD8<Float>) -> SIMD8<Float> {
    let layout = textures[texture]
    let scale = Self.powerOfTwo(Self.fractionBits &- level)
    let half = Float(1 << (Self.fractionBits - 1))
    let fixedU = Self.rounded(u * scale - half)
    let fixedV = Self.rounded(v * scale - half)
    let columns = (fixedU &>> Self.fractionBits) & ((1 &<< (layout.log2Width &- level)) &- 1)
    let rows = (fixedV &>> Self.fractionBits) & ((1 &<< (layout.log2Height &- level)) &- 1)
    let index = (rows &<< (layout.log2Width &- level)) &+ (rows &* TextureMemory.rowPadding) &+ columns
    let base = UnsafeRawPointer(texelLuma + Int(levelStarts[texture * TextureMemory.maximumLevels + Int(level)]))
    let below = base + Int((1 &<< (layout.log2Width &- level)) &+ TextureMemory.rowPadding)
    // A pair of neighbours in each 16-bit lane.
    @inline(__always) func pair(_ address: UnsafeRawPointer, _ lane: Int) -> UInt16 {
      (address + Int(index[lane])).loadUnaligned(as: UInt16.self)
    }
    let upperPairs = SIMD8<UInt16>(
      pair(base, 0), pair(base, 1), pair(base, 2), pair(base, 3), pair(base, 4), pair(base, 5), pair(base, 6),
      pair(base, 7))
    let lowerPairs = SIMD8<UInt16>(
      pair(below, 0), pair(below, 1), pair(below, 2), pair(below, 3), pair(below, 4), pair(below, 5), pair(below, 6),
      pair(below, 7))
    let right = SIMD8<UInt16>(truncatingIfNeeded: fixedU) & ((1 &<< UInt16(Self.fractionBits)) &- 1)
    let left = SIMD8<UInt16>(repeating: 1 << UInt16(Self.fractionBits)) &- right
    let upper = Self.float(SIMD8(truncatingIfNeeded: (upperPairs & 0xff) &* left &+ (upperPairs &>> 8) &* right))
    let lower = Self.float(SIMD8(truncatingIfNeeded: (lowerPairs & 0xff) &* left &+ (lowerPairs &>> 8) &* right))
    let down = Self.float(unsafeBitCast(fixedV & ((1 &<< Self.fractionBits) &- 1), to: SIMD8<UInt32>.self))
    let unitScale = 1 / Float(1 << Self.fractionBits)
    return (upper + (lower - upper) * (down * unitScale)) * unitScale
  }

  /// The nearest texel's chroma, from one level coarser, for every other pixel.
  @inline(__always)
  private func chroma(_ texture: Int, level: Int32, u: SIMD4<Float>, v: SIMD4<Float>) -> (SIMD4<Float>, SIMD4<Float>) {
    let layout = textures[texture]
    let level = level < layout.lastLevel ? level &+ 1 : level
    let scale = Self.powerOfTwo(0 &- level)
    let columns = Self.rounded(u * scale - 0.5) & ((1 &<< (layout.log2Width &- level)) &- 1)
    let rows = Self.rounded(v * scale - 0.5) & ((1 &<< (layout.log2Height &- level)) &- 1)
    let index = (rows &<< (layout.log2Width &- level)) &+ (rows &* TextureMemory.rowPadding) &+ columns
    let base = texelChroma + Int(levelStarts[texture * TextureMemory.maximumLevels + Int(level)])
    let words = SIMD4<UInt32>(
      UInt32(base[Int(index[0])]), UInt32(base[Int(index[1])]), UInt32(base[Int(index[2])]),
      UInt32(base[Int(index[3])]))
    return (Self.float(words & 0xff), Self.float(words &>> 8))
  }

  /// Bilinear samples of a light map. Light changes slowly across the screen, so one sample serves two pixels.
  @inline(__always)
  private func lightSample(_ map: Int32, column: SIMD4<Float>, row: SIMD4<Float>) -> SIMD8<Float> {
    let layout = lightMaps[Int(map)]
    let x = column.atLeast(0).atMost(layout.lastColumn)
    let y = row.atLeast(0).atMost(layout.lastRow)
    // Rounding x − ½ + ε is the floor for all x ≥ 0 that matter here.
    let columns = Self.rounded(x - 0.4999)
    let rows = Self.rounded(y - 0.4999)
    let fx = x - Self.float(unsafeBitCast(columns, to: SIMD4<UInt32>.self))
    let fy = y - Self.float(unsafeBitCast(rows, to: SIMD4<UInt32>.self))
    let base = UnsafeRawPointer(lightBytes + Int(layout.start))
    let stride = Int(layout.stride)
    @inline(__always) func quad(_ lane: Int) -> UInt32 {
      let address = base + (Int(rows[lane]) &* stride &+ Int(columns[lane]))
      let upper = UInt32(address.loadUnaligned(as: UInt16.self))
      return upper | UInt32((address + stride).loadUnaligned(as: UInt16.self)) &<< 16
    }
    let quads = SIMD4<UInt32>(quad(0), quad(1), quad(2), quad(3))
    let upperLeft = Self.float(quads & 0xff)
    let upperRight = Self.float((quads &>> 8) & 0xff)
    let lowerLeft = Self.float((quads &>> 16) & 0xff)
    let lowerRight = Self.float(quads &>> 24)
    let upper = upperLeft + (upperRight - upperLeft) * fx
    let lower = lowerLeft + (lowerRight - lowerLeft) * fx
    let light = (upper + (lower - upper) * fy) * (Lighting.lightMapRange / 255)
    return SIMD8(light[0], light[0], light[1], light[1], light[2], light[2], light[3], light[3])
  }
}

/// The air: distant things fade into it.
struct Haze {
  var luma: Float = 205
  var cb: Float = 9
  var cr: Float = -8
  /// Distance at which nothing is left to see, metres.
  var range: Float = 1900

  /// How much of a surface the haze hides, 0…1: steep at first, level at `range`.
  @inline(__always) func amount(at depth: SIMD8<Float>) -> SIMD8<Float> {
    let t = (depth * (1 / range)).atMost(1)
    return t * (2 - t)
  }
}

// `pointwiseMin` and `clamped` of the standard library are calls of generic code; these are one instruction.
extension SIMD8<Float> {
  @inline(__always) func atLeast(_ bound: Float) -> Self {
    replacing(with: bound, where: self .< Self(repeating: bound))
  }
  @inline(__always) func atMost(_ bound: Float) -> Self {
    replacing(with: bound, where: self .> Self(repeating: bound))
  }
}

extension SIMD4<Float> {
  @inline(__always) func atLeast(_ bound: Float) -> Self {
    replacing(with: bound, where: self .< Self(repeating: bound))
  }
  @inline(__always) func atMost(_ bound: Float) -> Self {
    replacing(with: bound, where: self .> Self(repeating: bound))
  }
}
