import Vision

/// The pixels that move with a group of points rather than with what is behind.
///
/// Each pixel is looked for in an earlier picture twice: where it would come from if it moved like the group, and if it
/// moved like the scene at rest. What differs less tells which it is; where neither differs, for want of texture, what
/// is around decides. Source of the idea of competing motions: Wang, Adelson 1994, "Representing moving images with
/// layers".
struct MotionLayer: Sendable {
  /// Left and top corner of the part of the working picture that was looked at, and its size.
  let left: Int
  let top: Int
  let width: Int
  let height: Int
  /// Row after row: 1 where the pixel moves with the group.
  private(set) var pixels: [UInt8]
  /// Row after row: 1 where motion alone told so.
  private var core: [UInt8]
  /// Left, top, right, bottom of those pixels; right and bottom are outside.
  private(set) var box = SIMD4<Int32>.zero
  private(set) var area = 0
  /// By how much the group explains its pixels better than rest does, mean grey levels.
  private(set) var gain: Float = 0
  /// Mean of what the group's motion leaves unexplained of its pixels, grey levels.
  private(set) var contrast: Float = 0

  /// By how much the group's motion explains its pixels better than a motion at rest that is as near to it as can be, mean
  /// grey levels.
  private(set) var restGain: Float = 0
  /// By how much those motions differ over the span that was looked at, pixels.
  private(set) var restShift: Float = 0

  /// Motions over a span of frames, as the shift of a pixel of now from where it was.
  struct Motions {
    var group: (SIMD2<Float>) -> SIMD2<Float>
    var rest: (SIMD2<Float>) -> SIMD2<Float>
    /// The same as `rest` from ``later``.
    var restLater: (SIMD2<Float>) -> SIMD2<Float>
  }

  /// - Parameters:
  ///   - later: between `then` and now: what the group has uncovered since then may be there already.
  ///   - around: members of the group; the region that grows from them is the result.
  /// - Returns: `nil` where the group explains nothing better.
  init?(
    now picture: WorkingPicture, then: GreyImage, later: GreyImage, box: SIMD4<Float>, around members: [SIMD2<Float>],
    motions: Motions
  ) {
    let now = picture.image
    let size = max(box.z - box.x, box.w - box.y)
    // Points lie on the object or a few pixels beside it; what was covered until now, behind it, moves with nothing.
    let margin = 6 + 0.25 * size
    let near = 3 + 0.06 * size
    left = max(Int(box.x - margin), 0)
    top = max(Int(box.y - margin), 0)
    width = min(Int(box.z + margin) + 1, now.width) - left
    height = min(Int(box.w + margin) + 1, now.height) - top
    (pixels, core) = ([], [])
    guard width > 8, height > 8 else { return nil }
    let group = Self.differences(now, then, left, top, width, height, motions.group)
    let uncovered = Self.differences(now, later, left, top, width, height, motions.restLater)
    // Over less time what moves shows less of a difference as well.
    let rest = zip(Self.differences(now, then, left, top, width, height, motions.rest), uncovered).map {
      min($0, 1.5 * $1)
    }
    let advantage = Self.smoothed(zip(rest, group).map { $0 - $1 }, width, height)
    // Smoothing takes the edge of what stands out half a window further; half of what it stands out by takes it back.
    let clear = advantage.filter { $0 > 2 }
    let threshold = max(2, 0.5 * clear.reduce(0, +) / Float(max(clear.count, 1)))
    var marks = advantage.map { UInt8($0 > threshold ? 1 : 0) }
    let (left, top, width, height) = (left, top, width, height)
    for y in 0..<height {
      for x in 0..<width {
        let (u, v) = (Float(x + left), Float(y + top))
        if u < box.x - near || v < box.y - near || u > box.z + near || v > box.w + near { marks[y * width + x] = 0 }
      }
    }
    marks = Self.closed(marks, width, height, radius: 2)
    let seeds = members.map { $0 - SIMD2(Float(left), Float(top)) }
    guard var region = Self.grown(marks, width, height, from: seeds) else { return nil }
    pixels = region
    core = region
    measure(advantage, group)
    guard area > 12 else { return nil }
    let colours = ColourContrast(picture, left: left, top: top, width: width, height: height)
    for _ in 0..<2 {
      let ratios = Self.smoothed(colours.ratios(inside: region, outside: region.map { 1 - $0 }), width, height)
      for index in marks.indices {
        let motion = min(max((advantage[index] - 0.5 * threshold) / threshold, -1), 1.5)
        marks[index] = motion + 0.6 * ratios[index] > 0.5 ? 1 : 0
      }
      marks = Self.closed(marks, width, height, radius: 2)
      guard let grown = Self.grown(marks, width, height, from: seeds) else { break }
      region = grown
    }
    pixels = region
    self.box = edges(of: region)
  }

  /// Compares the group's motion with one that differs by `rest` a frame, over a span that tells them apart.
  mutating func measureRest(_ pictures: [WorkingPicture], _ group: MotionGroup, rest: SIMD2<Float>) {
    let speed = (rest * rest).sum().squareRoot()
    let span = min(max(Int((3 / max(speed, 0.01)).rounded()), 1), pictures.count - 1)
    guard span > 0 else { return }
    let (now, then) = (pictures[pictures.count - 1].image, pictures[pictures.count - 1 - span].image)
    let frames = Float(span)
    restShift = speed * frames
    let own = Self.differences(now, then, left, top, width, height) { group.motion.velocity($0) * frames }
    let other = Self.differences(now, then, left, top, width, height) { (group.motion.velocity($0) - rest) * frames }
    var sum: Float = 0
    for index in pixels.indices where core[index] == 1 { sum += other[index] - own[index] }
    restGain = sum / Float(max(area, 1))
  }

  private mutating func measure(_ advantage: [Float], _ left: [Float]) {
    for index in core.indices where core[index] == 1 {
      area += 1
      gain += advantage[index]
      contrast += left[index]
    }
    gain /= Float(max(area, 1))
    contrast /= Float(max(area, 1))
  }

  private func edges(of region: [UInt8]) -> SIMD4<Int32> {
    var (low, high) = (SIMD2<Int32>(repeating: .max), SIMD2<Int32>(repeating: -1))
    for y in 0..<height {
      for x in 0..<width where region[y * width + x] == 1 {
        low = pointwiseMin(low, SIMD2(Int32(x), Int32(y)))
        high = pointwiseMax(high, SIMD2(Int32(x), Int32(y)))
      }
    }
    let corner = SIMD2(Int32(left), Int32(top))
    return SIMD4(lowHalf: low &+ corner, highHalf: high &+ 1 &+ corner)
  }

  /// The pixels that move with the group.
  var mask: PixelMask { PixelMask(left: left, top: top, width: width, height: height, pixels: pixels) }

  /// How each pixel of a part differs from where it would come from, grey levels; at most 40.
  private static func differences(
    _ now: GreyImage, _ then: GreyImage, _ left: Int, _ top: Int, _ width: Int, _ height: Int,
    _ shift: (SIMD2<Float>) -> SIMD2<Float>
  ) -> [Float] {
    // The shift is nearly affine over the part: taken from three corners.
    let (w, h) = (Float(width - 1), Float(height - 1))
    let corner = SIMD2(Float(left), Float(top))
    let origin = shift(corner)
    let (across, down) = ((shift(corner + SIMD2(w, 0)) - origin) / w, (shift(corner + SIMD2(0, h)) - origin) / h)
    var result = [Float](repeating: 0, count: width * height)
    let limit = SIMD2(Float(then.width) - 1.001, Float(then.height) - 1.001)
    now.pixels.withUnsafeBufferPointer { now in
      then.pixels.withUnsafeBufferPointer { old in
        for y in 0..<height {
          for x in 0..<width {
            let here = corner + SIMD2(Float(x), Float(y))
            let place = here - origin - across * Float(x) - down * Float(y)
            guard place.x >= 0, place.y >= 0, place.x < limit.x, place.y < limit.y else { continue }
            let (u, v) = (Int(place.x), Int(place.y))
            let (fx, fy) = (place.x - Float(u), place.y - Float(v))
            let at = v &* then.width &+ u
            let (a, b) = (Float(old[at]), Float(old[at &+ 1]))
            let (c, d) = (Float(old[at &+ then.width]), Float(old[at &+ then.width &+ 1]))
            let upper = a + fx * (b - a)
            let value = upper + fy * (c + fx * (d - c) - upper)
            result[y &* width &+ x] = min(abs(value - Float(now[(top &+ y) &* then.width &+ left &+ x])), 40)
          }
        }
      }
    }
    return result
  }

  /// Mean over 5×5.
  private static func smoothed(_ values: [Float], _ width: Int, _ height: Int) -> [Float] {
    var across = values
    var result = values
    var sums = [Float](repeating: 0, count: width)
    values.withUnsafeBufferPointer { values in
      across.withUnsafeMutableBufferPointer { across in
        for y in 0..<height {
          var sum: Float = 0
          let base = y * width
          for x in 0..<width + 2 {
            if x < width { sum += values[base &+ x] }
            if x >= 5 { sum -= values[base &+ x &- 5] }
            if x >= 2 { across[base &+ x &- 2] = sum / 5 }
          }
        }
        // All columns at once, line by line.
        sums.withUnsafeMutableBufferPointer { sums in
          result.withUnsafeMutableBufferPointer { result in
            for y in 0..<height + 2 {
              let base = y * width
              if y < height { for x in 0..<width { sums[x] += across[base &+ x] } }
              if y >= 5 { for x in 0..<width { sums[x] -= across[base &- 5 &* width &+ x] } }
              if y >= 2 { for x in 0..<width { result[base &- 2 &* width &+ x] = sums[x] / 5 } }
            }
          }
        }
      }
    }
    return result
  }

  /// Dilated, then eroded by a square.
  static func closed(_ marks: [UInt8], _ width: Int, _ height: Int, radius: Int) -> [UInt8] {
    let rest = dilated(marks, width, height, radius).map { 1 - $0 }
    return dilated(rest, width, height, radius).map { 1 - $0 }
  }

  private static func dilated(_ marks: [UInt8], _ width: Int, _ height: Int, _ radius: Int) -> [UInt8] {
    var across = marks
    marks.withUnsafeBufferPointer { marks in
      across.withUnsafeMutableBufferPointer { across in
        for y in 0..<height {
          let base = y * width
          for shift in 1...radius where shift < width {
            for x in base..<base + width - shift { across[x] |= marks[x &+ shift] }
            for x in base + shift..<base + width { across[x] |= marks[x &- shift] }
          }
        }
      }
    }
    var result = across
    across.withUnsafeBufferPointer { across in
      result.withUnsafeMutableBufferPointer { result in
        for shift in 1...radius where shift < height {
          let far = shift * width
          for index in 0..<marks.count - far { result[index] |= across[index &+ far] }
          for index in far..<marks.count { result[index] |= across[index &- far] }
        }
      }
    }
    return result
  }

  /// The marked pixels connected to a seed's neighbourhood.
  /// - Parameter reach: pixels around a seed that are its neighbourhood.
  static func grown(
    _ marks: [UInt8], _ width: Int, _ height: Int, from seeds: [SIMD2<Float>], reach: Int = 2
  ) -> [UInt8]? {
    var region = [UInt8](repeating: 0, count: marks.count)
    var waiting: [Int] = []
    for seed in seeds {
      let (x, y) = (Int(seed.x + 0.5), Int(seed.y + 0.5))
      guard x >= 0, y >= 0, x < width, y < height else { continue }
      for v in max(y - reach, 0)...min(y + reach, height - 1) {
        for u in max(x - reach, 0)...min(x + reach, width - 1)
        where marks[v * width + u] == 1 && region[v * width + u] == 0 {
          region[v * width + u] = 1
          waiting.append(v * width + u)
        }
      }
    }
    guard !waiting.isEmpty else { return nil }
    while let place = waiting.popLast() {
      let (x, y) = (place % width, place / width)
      for (u, v) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)] where u >= 0 && v >= 0 && u < width && v < height {
        let next = v * width + u
        guard marks[next] == 1, region[next] == 0 else { continue }
        region[next] = 1
        waiting.append(next)
      }
    }
    return region
  }
}
