import MediaModel
import ObjectViews
import TestSupport
import Testing

/// Views of a known picture: shifted, turned, blurred, of half the resolution, noisy.
private struct KnownViews {
  static let side = 128
  /// Luma of the truth, twice the resolution of the views.
  let truth: [Float]
  private var random = SeededGenerator(seed: 11)

  init() {
    // Blocks of many sizes and brightnesses over a soft slope, so that there are edges in all directions.
    var truth = (0..<Self.side * Self.side).map { Float(90 + $0 / Self.side / 4) }
    for _ in 0..<70 {
      let (x, y) = (Int.random(in: 0..<110, using: &random), Int.random(in: 0..<110, using: &random))
      let (w, h) = (Int.random(in: 3..<24, using: &random), Int.random(in: 3..<24, using: &random))
      let level = Float.random(in: 40...200, using: &random)
      for j in y..<min(y + h, Self.side) { for i in x..<min(x + w, Self.side) { truth[j * Self.side + i] = level } }
    }
    self.truth = truth
  }

  private func value(_ x: Float, _ y: Float) -> Float {
    let (x, y) = (min(max(x, 0), Float(Self.side - 2)), min(max(y, 0), Float(Self.side - 2)))
    let (i, j) = (Int(x), Int(y))
    let (u, v) = (x - Float(i), y - Float(j))
    let at = j * Self.side + i
    let upper = truth[at] + u * (truth[at + 1] - truth[at])
    let lower = truth[at + Self.side] + u * (truth[at + Self.side + 1] - truth[at + Self.side])
    return upper + v * (lower - upper)
  }

  /// Half the resolution, moved by `shift` pixels of the truth, each sample the mean of 4×4 pixels of it.
  mutating func picture(shift: SIMD2<Float>, noise: Float) -> Picture {
    let half = Self.side / 2
    let builder = PictureBuilder(resolution: Resolution(width: half, height: half))
    for y in 0..<half {
      for x in 0..<half {
        var sum: Float = 0
        for dy in 0..<4 {
          for dx in 0..<4 {
            sum += value(2 * Float(x) + Float(dx) - 1 - shift.x, 2 * Float(y) + Float(dy) - 1 - shift.y)
          }
        }
        // The sum of four even distributions is near to normal; its deviation is √(4/12).
        let normal = (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -0.5...0.5, using: &random) } * 1.732
        builder.luma[y * builder.strides.luma + x] = UInt8(min(max(sum / 16 + noise * normal + 0.5, 0), 255))
      }
    }
    builder.cb.update(repeating: 110, count: builder.strides.chroma * half / 2)
    builder.cr.update(repeating: 150, count: builder.strides.chroma * half / 2)
    return builder.seal(isFullRange: true)
  }

  /// PSNR in dB inside the box of the object, of luma on the truth's grid, moved by `shift`.
  func signalToNoise(_ luma: (_ x: Int, _ y: Int) -> Float, shift: SIMD2<Float>) -> Float {
    var (sum, count): (Float, Int) = (0, 0)
    for y in 24..<104 {
      for x in 24..<104 {
        let difference = luma(x, y) - value(Float(x) - shift.x, Float(y) - shift.y)
        sum += difference * difference
        count += 1
      }
    }
    // 10·log₁₀(255²·n/Σ), by the logarithm of two.
    return 3.0103 * Self.logarithm(255 * 255 * Float(count) / sum)
  }

  private static func logarithm(_ value: Float) -> Float {
    // Ten squarings of the significand give ten binary digits of its logarithm.
    var (result, rest, digit) = (Float(value.exponent), value.significand, Float(0.5))
    for _ in 0..<20 {
      rest *= rest
      if rest >= 2 { (rest, result) = (rest / 2, result + digit) }
      digit /= 2
    }
    return result
  }
}

@Suite struct ViewEnhancerTests {
  private func views(_ known: inout KnownViews, count: Int, noise: Float) -> (
    views: [ObjectView], shifts: [SIMD2<Float>]
  ) {
    var random = SeededGenerator(seed: 5)
    var keeper = ObjectViewKeeper()
    var shifts: [SIMD2<Float>] = []
    for number in 0..<count {
      let shift = SIMD2(Float.random(in: -5...5, using: &random), Float.random(in: -5...5, using: &random))
      let picture = known.picture(shift: shift, noise: noise)
      // The box is where the object is, to a pixel or so.
      let jitter = SIMD4<Float>.random(in: -1...1, using: &random)
      let box = SIMD4(10 + shift.x / 2, 10 + shift.y / 2, 54 + shift.x / 2, 54 + shift.y / 2) + jitter
      _ = keeper.take(
        picture, [TrackedObject(id: 1, label: "box", score: 1, box: box)], number: number, at: Int64(number))
      shifts.append(shift)
    }
    return (keeper.views(of: 1), shifts)
  }

  @Test func thirtyViewsShowMoreThanTheBestOfThem() throws {
    var known = KnownViews()
    let (views, shifts) = views(&known, count: 30, noise: 6)
    #expect(views.count == 30)
    var options = EnhancementOptions()
    options.contrast = 0
    let result = try #require(ViewEnhancer(options).enhance(views))
    #expect(result.scale == 2 && result.used == 30)
    let reference = views[result.best]
    let origin = (reference.origin.x * 2, reference.origin.y * 2)
    #expect(result.image.width == 2 * reference.image.width)
    let shift = shifts[reference.frameNumber]
    let (width, small) = (result.image.width, reference.image)
    let enhanced = known.signalToNoise(
      { x, y in Float(result.image.luma[(y - origin.1) * width + x - origin.0]) }, shift: shift)
    // The best single view, between its pixels by straight lines.
    let single = known.signalToNoise(
      { x, y in
        let (u, v) = (Float(x - origin.0) / 2 - 0.25, Float(y - origin.1) / 2 - 0.25)
        let (i, j) = (Int(u), Int(v))
        func at(_ x: Int, _ y: Int) -> Float { Float(small.luma[y * small.width + x]) }
        let upper = at(i, j) + (u - Float(i)) * (at(i + 1, j) - at(i, j))
        let lower = at(i, j + 1) + (u - Float(i)) * (at(i + 1, j + 1) - at(i, j + 1))
        return upper + (v - Float(j)) * (lower - upper)
      }, shift: shift)
    #expect(enhanced > single + 2.5, "\(enhanced) dB against \(single) dB")
    // Chroma is even in all views, and stays so.
    #expect(result.image.cb.allSatisfy { $0 == 110 } && result.image.cr.allSatisfy { $0 == 150 })
  }

  @Test func theSameViewsGiveTheSameBytes() throws {
    var known = KnownViews()
    let (views, _) = views(&known, count: 8, noise: 4)
    let first = try #require(ViewEnhancer().enhance(views))
    #expect(ViewEnhancer().enhance(views) == first)
  }

  @Test func oneViewIsEnough() throws {
    var known = KnownViews()
    let (views, _) = views(&known, count: 1, noise: 2)
    let result = try #require(ViewEnhancer().enhance(views))
    #expect(result.used == 1 && result.best == 0)
    #expect(ViewEnhancer().enhance([]) == nil)
  }

  @Test func aViewOfSomethingElseIsLeftOut() throws {
    var known = KnownViews()
    var (views, _) = views(&known, count: 6, noise: 2)
    let builder = PictureBuilder(resolution: Resolution(width: 64, height: 64))
    // Dark, so that it is not the best.
    for y in 0..<64 {
      for x in 0..<64 { builder.luma[y * builder.strides.luma + x] = (x / 3 + y / 5) % 2 == 0 ? 10 : 24 }
    }
    builder.cb.update(repeating: 128, count: builder.strides.chroma * 32)
    builder.cr.update(repeating: 128, count: builder.strides.chroma * 32)
    let other = TrackedObject(id: 1, label: "box", score: 1, box: SIMD4(10, 10, 54, 54))
    views.append(
      try #require(ObjectView(builder.seal(isFullRange: true), other, padding: 0.2, frameNumber: 99, at: 0)))
    let result = try #require(ViewEnhancer().enhance(views))
    #expect(result.used == 6 && result.best != 6)
  }
}

@Suite struct BestViewsTests {
  @Test func theBestComesFirstAndTheRestDiffersFromIt() throws {
    // Three poses: stripes across, stripes down, and rings; each twice, the second time darker.
    func view(_ pose: Int, _ brightness: Float, _ number: Int) throws -> ObjectView {
      let builder = PictureBuilder(resolution: Resolution(width: 64, height: 64))
      for y in 0..<64 {
        for x in 0..<64 {
          let isLight =
            switch pose {
            case 0: x / 16 % 2 == 0
            case 1: y / 16 % 2 == 0
            default: max(abs(x - 32), abs(y - 32)) / 12 % 2 == 0
            }
          builder.luma[y * builder.strides.luma + x] = UInt8(brightness * (isLight ? 200 : 90))
        }
      }
      builder.cb.update(repeating: 128, count: builder.strides.chroma * 32)
      builder.cr.update(repeating: 128, count: builder.strides.chroma * 32)
      let object = TrackedObject(id: 1, label: "", score: 1, box: SIMD4(2, 2, 62, 62))
      return try #require(ObjectView(builder.seal(), object, padding: 0, frameNumber: number, at: 0))
    }
    let views = try [
      view(0, 0.25, 0), view(0, 1, 1), view(1, 0.25, 2), view(1, 1, 3), view(2, 1, 4), view(0, 0.9, 5),
    ]
    let chosen = BestViews.choose(views, count: 3)
    #expect(chosen.first == BestViews.best(views))
    #expect(Set(chosen) == [1, 3, 4], "one of each pose, none dark: \(chosen)")
    #expect(BestViews.choose(views, count: 6).count == 3, "a second view of a pose adds nothing")
  }
}
