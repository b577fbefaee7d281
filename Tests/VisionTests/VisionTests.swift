import Testing
import Vision

@Suite struct PyramidTests {
  @Test func halvesKeepBrightnessAndPlace() {
    let flat = GreyImage(width: 64, height: 48, pixels: [UInt8](repeating: 77, count: 64 * 48))
    #expect(flat.halved.pixels.allSatisfy { $0 == 77 } && flat.halved.width == 32 && flat.halved.height == 24)
    // A ramp stays a ramp: pixel x of the half is 2x + 0.5 of the whole.
    let ramp = GreyImage(width: 64, height: 48, pixels: (0..<64 * 48).map { UInt8(2 * ($0 % 64)) })
    #expect((2..<30).allSatisfy { abs(Double(ramp.halved[$0, 9]) - 2 * (2 * Double($0) + 0.5)) <= 1 })
  }

  @Test func oddSizesAndLevels() {
    let image = Scene(seed: 1).image(width: 101, height: 67)
    #expect(image.halved.width == 50 && image.halved.height == 33)
    #expect(ImagePyramid(image, levelCount: 5).levels.count == 2)
    let there = ImagePyramid.position(SIMD2(10.25, 3), onLevel: 2)
    #expect(ImagePyramid.basePosition(there, fromLevel: 2) == SIMD2(10.25, 3))
  }

  @Test func rowsMayHaveGaps() {
    let bytes = (0..<40).map { UInt8($0) }
    let image = bytes.withUnsafeBufferPointer { GreyImage(width: 3, height: 4, base: $0.baseAddress!, stride: 10) }
    #expect(image.pixels == [0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32])
  }
}

@Suite struct CornerStrengthsTests {
  /// The smaller eigenvalue around one pixel, as the definition has it.
  private func strength(_ image: GreyImage, _ x: Int, _ y: Int) -> Double {
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for v in y - 3...y + 3 {
      for u in x - 3...x + 3 {
        let gx = (Double(image[u + 1, v]) - Double(image[u - 1, v])) / 2
        let gy = (Double(image[u, v + 1]) - Double(image[u, v - 1])) / 2
        (xx, xy, yy) = (xx + gx * gx / 49, xy + gx * gy / 49, yy + gy * gy / 49)
      }
    }
    return (xx + yy) / 2 - ((xx - yy) * (xx - yy) / 4 + xy * xy).squareRoot()
  }

  @Test(arguments: [(64, 48), (61, 35), (12, 40), (13, 12)]) func areSmallerEigenvalues(width: Int, height: Int) {
    let image = Scene(seed: 5).image(width: width, height: height)
    let strengths = CornerStrengths(of: image)
    let margin = CornerStrengths.margin
    for y in 0..<height {
      for x in 0..<width {
        let isInside = (margin..<width - margin).contains(x) && (margin..<height - margin).contains(y)
        let expected = isInside ? strength(image, x, y) : 0
        #expect(abs(Double(strengths.values[y * width + x]) - expected) < 0.01 + 1e-4 * expected)
      }
    }
  }

  @Test func areZeroInTinyPictures() {
    let image = Scene(seed: 5).image(width: 11, height: 30)
    #expect(CornerStrengths(of: image).values == [Float](repeating: 0, count: 330))
  }
}

@Suite struct CornerDetectorTests {
  /// White squares on black: corners are where they are.
  private func squares() -> (GreyImage, [SIMD2<Float>]) {
    var pixels = [UInt8](repeating: 20, count: 200 * 160)
    var corners: [SIMD2<Float>] = []
    for (x0, y0) in [(30, 30), (100, 40), (60, 100)] {
      for y in y0..<y0 + 32 { for x in x0..<x0 + 32 { pixels[y * 200 + x] = 220 } }
      for (x, y) in [(x0, y0), (x0 + 31, y0), (x0, y0 + 31), (x0 + 31, y0 + 31)] {
        corners.append(SIMD2(Float(x), Float(y)))
      }
    }
    return (GreyImage(width: 200, height: 160, pixels: pixels), corners)
  }

  @Test func findsTheCornersOfSquares() {
    let (image, truth) = squares()
    let found = CornerDetector(cellSize: 16).detect(in: image)
    for corner in truth {
      #expect(found.contains { abs($0.position.x - corner.x) < 2 && abs($0.position.y - corner.y) < 2 })
    }
    #expect(found.allSatisfy { corner in truth.contains { abs($0.x - corner.position.x) < 8 } })
  }

  @Test func leavesOccupiedCellsAndFlatPicturesAlone() {
    let image = Scene(seed: 3).image()
    let all = CornerDetector().detect(in: image)
    #expect(all.count > 60 && all.map(\.strength) == all.map(\.strength).sorted(by: >))
    #expect(CornerDetector().detect(in: image, avoiding: all.map(\.position)).count < all.count / 2)
    let flat = GreyImage(width: 320, height: 240, pixels: [UInt8](repeating: 9, count: 320 * 240))
    #expect(CornerDetector().detect(in: flat).isEmpty)
    let tiny = GreyImage(width: 20, height: 20, pixels: [UInt8](repeating: 9, count: 400))
    #expect(CornerDetector().detect(in: tiny).isEmpty)
  }
}

@Suite struct PatchTrackerTests {
  private let scene = Scene(seed: 7)

  private func errors(shift: SIMD2<Double>, gain: Double = 1, bias: Double = 0) -> [Float] {
    let first = ImagePyramid(scene.image(), levelCount: 4)
    let second = ImagePyramid(scene.image(gain: gain, bias: bias) { $0 - shift }, levelCount: 4)
    let corners = CornerDetector(border: 40).detect(in: first.levels[0])
    return corners.compactMap { corner in
      guard let match = PatchTracker().track(corner.position, from: first, to: second, guess: corner.position) else {
        return nil
      }
      let offset = match.position - corner.position - SIMD2(Float(shift.x), Float(shift.y))
      return (offset * offset).sum().squareRoot()
    }.sorted()
  }

  @Test(arguments: [SIMD2(0.3, -0.7), SIMD2(4.4, 2.6), SIMD2(-9.2, 6.1)]) func findsShifts(shift: SIMD2<Double>) {
    let errors = errors(shift: shift)
    #expect(errors.count > 35 && errors[errors.count / 2] < 0.03 && errors[errors.count * 9 / 10] < 0.2)
  }

  @Test(arguments: [(0.0, 1.0), (0.5, 1.0), (-0.3, 0.8), (0.2, 1.25)])
  func findsTurnedAndScaledTemplates(angle: Double, scale: Double) throws {
    let (c, s) = (scale * cosine(angle), scale * cosine(angle - .pi / 2))
    let middle = SIMD2(160.0, 120)
    // Pixel p of the second picture shows what the first has at A·(p − m) + m, A = [c −s; s c].
    let first = ImagePyramid(scene.image(), levelCount: 3)
    let second = ImagePyramid(
      scene.image { p in
        let d = p - middle
        return SIMD2(c * d.x - s * d.y, s * d.x + c * d.y) + middle
      }, levelCount: 3)
    let warp = PatchWarp(xx: Float(c), xy: Float(-s), yx: Float(s), yy: Float(c))
    var errors: [Double] = []
    for corner in CornerDetector(border: 60).detect(in: first.levels[0]) {
      let template = try #require(PatchTemplate(first, centre: corner.position))
      let d = SIMD2(Double(corner.position.x), Double(corner.position.y)) - middle
      let there = SIMD2(c * d.x + s * d.y, c * d.y - s * d.x) / (scale * scale) + middle
      let guess = SIMD2(Float(there.x) + 1.5, Float(there.y) - 1)
      guard let match = PatchTracker().track(template, warp: warp, to: second, guess: guess, coarsest: 1) else {
        continue
      }
      let error = SIMD2(Double(match.position.x), Double(match.position.y)) - there
      errors.append((error * error).sum().squareRoot())
      #expect(match.correlation > 0.9)
    }
    errors.sort()
    #expect(errors.count > 15 && errors[errors.count / 2] < 0.05)
    #expect(abs(warp.magnification * Float(scale) - 1) < 1e-5)
    #expect(PatchTemplate(first, centre: SIMD2(-1, 5)) == nil && PatchTemplate(first, centre: SIMD2(0, .nan)) == nil)
  }

  /// Ground is seen less slanted the nearer the camera gets: nobody told the tracker, and refinement finds out.
  @Test(arguments: [(1.25, 0.0), (0.8, 0.1), (1.1, -0.25)])
  func refinementBearsStretchedPatches(stretch: Double, shear: Double) throws {
    let middle = SIMD2(160.0, 120)
    let first = ImagePyramid(scene.image(), levelCount: 3)
    let second = ImagePyramid(
      scene.image(gain: 0.9, bias: 8) { p in
        let d = p - middle
        return SIMD2(d.x + shear * d.y, stretch * d.y) + middle
      }, levelCount: 3)
    var (moved, refined): ([Double], [Double]) = ([], [])
    for corner in CornerDetector(border: 50).detect(in: first.levels[0]) {
      let template = try #require(PatchTemplate(first, centre: corner.position))
      let d = SIMD2(Double(corner.position.x), Double(corner.position.y)) - middle
      let there = SIMD2(d.x - shear * d.y / stretch, d.y / stretch) + middle
      let guess = SIMD2(Float(there.x), Float(there.y))
      guard let match = PatchTracker().track(template, to: second, guess: guess, coarsest: 1),
        let better = PatchTracker().refine(template, warp: .identity, in: second, at: match.position)
      else { continue }
      func error(_ found: SIMD2<Float>) -> Double {
        let offset = SIMD2(Double(found.x), Double(found.y)) - there
        return (offset * offset).sum().squareRoot()
      }
      moved.append(error(match.position))
      refined.append(error(better))
    }
    moved.sort()
    refined.sort()
    let middleRank = refined.count / 2
    #expect(refined.count > 15 && refined[middleRank] < 0.1 && refined[middleRank] < moved[middleRank] / 3)
    let corner = try #require(PatchTemplate(first, centre: SIMD2(3, 3)))
    #expect(PatchTracker().refine(corner, warp: .identity, in: first, at: SIMD2(3, 3)) == nil)
  }

  @Test func exposureMayChange() {
    let errors = errors(shift: SIMD2(2.5, 1.25), gain: 0.6, bias: 20)
    #expect(errors.count > 35 && errors[errors.count / 2] < 0.06)
  }

  @Test func refusesWhatIsNotThere() {
    let first = ImagePyramid(scene.image(), levelCount: 3)
    let other = ImagePyramid(Scene(seed: 99).image(), levelCount: 3)
    let corners = CornerDetector(border: 40).detect(in: first.levels[0])
    let found = corners.filter {
      PatchTracker().track($0.position, from: first, to: other, guess: $0.position) != nil
    }
    #expect(found.count < corners.count / 10)
    #expect(PatchTracker().track(SIMD2(2, 2), from: first, to: first, guess: SIMD2(2, 2)) == nil)
    #expect(PatchTracker().track(SIMD2(90, 90), from: first, to: first, guess: SIMD2(9_000, .nan)) == nil)
  }
}

@Suite struct DescriptorTests {
  private let extractor = DescriptorExtractor()

  private func turned(_ p: SIMD2<Double>, _ c: Double, _ s: Double, _ middle: SIMD2<Double>) -> SIMD2<Double> {
    let d = p - middle
    let x: Double = c * d.x - s * d.y
    let y: Double = s * d.x + c * d.y
    return SIMD2(x, y) + middle
  }

  @Test(arguments: [0.0, 0.4, 1.9, -2.7]) func findsTurnedPatches(angle: Double) {
    let scene = Scene(seed: 12)
    let (c, s) = (cosine(angle), cosine(angle - .pi / 2))
    let first = scene.image()
    // Pixel p of the second picture shows what the first has at R·(p − m) + m.
    let middle = SIMD2(160.0, 120)
    let second = scene.image { turned($0, c, s, middle) }
    let corners = CornerDetector(border: 20).detect(in: first).map(\.position).filter { corner in
      let offset: SIMD2<Float> = corner - SIMD2<Float>(160, 120)
      return max(abs(offset.x), abs(offset.y)) < 80
    }
    let smooth = (first.smoothed, second.smoothed)
    var (left, right): ([BinaryDescriptor], [BinaryDescriptor]) = ([], [])
    for corner in corners {
      let there = turned(SIMD2(Double(corner.x), Double(corner.y)), c, -s, middle)
      guard let a = extractor.descriptor(at: corner, in: smooth.0),
        let b = extractor.descriptor(at: SIMD2(Float(there.x), Float(there.y)), in: smooth.1)
      else { continue }
      left.append(a)
      right.append(b)
    }
    let matches = DescriptorMatcher.match(left, right)
    #expect(matches.count > left.count / 2 && left.count > 15)
    #expect(matches.filter { $0.left != $0.right }.count <= matches.count / 20)
  }

  @Test func edgeHasNone() {
    let image = Scene(seed: 2).image()
    #expect(extractor.descriptor(at: SIMD2(10, 100), in: image) == nil)
    #expect(extractor.descriptor(at: SIMD2(100, 100), in: image) != nil)
    #expect(DescriptorMatcher.match([], [BinaryDescriptor(bits: .zero)]).isEmpty)
  }
}
