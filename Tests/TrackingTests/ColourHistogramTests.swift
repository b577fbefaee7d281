import MediaModel
import Testing
import Tracking

@Suite struct ColourHistogramTests {
  private let size = Resolution(width: 201, height: 121)

  private func picture(_ colour: (Int, Int) -> SIMD3<UInt8>) -> Picture {
    let builder = PictureBuilder(resolution: size)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let value = colour(x, y)
        builder.luma[y * builder.strides.luma + x] = value.x
        builder.cb[y / 2 * builder.strides.chroma + x / 2] = value.y
        builder.cr[y / 2 * builder.strides.chroma + x / 2] = value.z
      }
    }
    return builder.seal()
  }

  private func similarity(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(0) { $0 + ($1.0 * $1.1).squareRoot() }
  }

  /// A red thing with a blue part on grey.
  private func thing(at place: SIMD2<Int>, light: Int = 0) -> Picture {
    picture { x, y in
      let (column, row) = (x - place.x, y - place.y)
      guard (0..<60).contains(column), (0..<40).contains(row) else { return [120, 128, 128] }
      return row < 12 ? [UInt8(90 + light), 170, 110] : [UInt8(110 + light), 100, 190]
    }
  }

  @Test func histogramsAddUpToOne() {
    let histogram = ColourHistogram()
    for box: SIMD4<Float> in [[10, 10, 70, 50], [-50, -50, 30, 30], [150, 90, 400, 400], [3, 3, 4, 4]] {
      let appearance = histogram.appearance(of: thing(at: [10, 10]), in: box)
      #expect(appearance.count == ColourHistogram.count)
      #expect(abs(appearance.reduce(0, +) - 1) < 1e-4 && appearance.allSatisfy { $0 >= 0 })
    }
    #expect(histogram.appearance(of: thing(at: [10, 10]), in: [300, 10, 340, 50]).isEmpty)
    #expect(histogram.appearance(of: thing(at: [10, 10]), in: [20, 20, 20, 50]).isEmpty)
  }

  @Test func theSameThingElsewhereLooksTheSame() {
    let histogram = ColourHistogram()
    let here = histogram.appearance(of: thing(at: [10, 10]), in: [10, 10, 70, 50])
    let there = histogram.appearance(of: thing(at: [120, 60], light: 12), in: [121, 58, 182, 99])
    let ground = histogram.appearance(of: thing(at: [10, 10]), in: [120, 60, 180, 100])
    #expect(similarity(here, there) > 0.9)
    #expect(similarity(here, ground) < 0.3)
  }

  @Test func aMaskLeavesTheSurroundingsOut() {
    let histogram = ColourHistogram()
    let painted = thing(at: [40, 30])
    let mask = RunLengthMask(resolution: size, columns: 40..<100, rows: 30..<70) { _, _ in true }
    let exact = histogram.appearance(of: painted, in: [40, 30, 100, 70], mask: mask)
    // Twice as wide a box is half grey; the mask is not.
    let loose = histogram.appearance(of: painted, in: [10, 10, 130, 90])
    let masked = histogram.appearance(of: painted, in: [10, 10, 130, 90], mask: mask)
    #expect(masked == exact)
    #expect(similarity(exact, loose) < 0.9)
    // A mask of another picture says nothing.
    let other = RunLengthMask(resolution: Resolution(width: 4, height: 4), columns: 0..<4, rows: 0..<4) { _, _ in true }
    #expect(histogram.appearance(of: painted, in: [10, 10, 130, 90], mask: other) == loose)
  }

  @Test func colourCountsMoreThanLight() {
    func plain(_ colour: SIMD3<UInt8>) -> [Float] {
      ColourHistogram().appearance(of: picture { _, _ in colour }, in: [20, 20, 80, 80])
    }
    let red = plain([100, 110, 180])
    #expect(similarity(red, plain([125, 110, 180])) > 0.75)
    #expect(similarity(red, plain([100, 180, 110])) < 0.05)
    #expect(similarity(red, plain([100, 128, 128])) < 0.3)
  }
}
