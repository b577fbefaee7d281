import MediaModel
import Testing

@Suite struct RunLengthMaskTests {
  private static let resolution = Resolution(width: 50, height: 40)

  /// A disc and a rectangle that touches the lower right corner.
  private static func isSet(_ x: Int, _ y: Int) -> Bool {
    (x - 20) * (x - 20) + (y - 18) * (y - 18) < 150 || (x > 40 && y > 35)
  }

  private static let mask = RunLengthMask(resolution: resolution, columns: 0..<50, rows: 0..<40, isSet: isSet)

  @Test func countsAreThoseOfCocoTools() {
    // pycocotools 2.0: mask.encode of the same picture.
    #expect(Self.mask.counts == "`:5P16K4M2N2N2O0O2O000O2O00000001N10001N101N2N2N3L5Jg:O]E000000000000000")
    #expect(Self.mask.area == 517)
    let size = Resolution(width: 4, height: 3)
    #expect(RunLengthMask(resolution: size, columns: 0..<4, rows: 0..<3) { _, _ in true }.counts == "0<")
    #expect(RunLengthMask(resolution: size, columns: 0..<4, rows: 0..<3) { _, _ in false }.counts == "<")
  }

  @Test func countsReadBack() throws {
    let read = try #require(RunLengthMask(resolution: Self.resolution, counts: Self.mask.counts))
    #expect(read == Self.mask)
    let pixels = read.pixels()
    for y in 0..<40 {
      for x in 0..<50 { #expect((pixels[y * 50 + x] == 1) == Self.isSet(x, y), "(\(x), \(y))") }
    }
  }

  @Test(arguments: [(8..<33, 6..<31), (20..<21, 0..<40), (41..<50, 36..<40), (0..<50, 10..<40), (9..<50, 0..<40)])
  func boxLimitsTheMask(columns: Range<Int>, rows: Range<Int>) {
    let boxed = RunLengthMask(resolution: Self.resolution, columns: columns, rows: rows, isSet: Self.isSet)
    let whole = RunLengthMask(resolution: Self.resolution, columns: 0..<50, rows: 0..<40) { x, y in
      columns.contains(x) && rows.contains(y) && Self.isSet(x, y)
    }
    #expect(boxed == whole)
  }

  @Test(arguments: ["", "!", "P", "PPPPPPPPPPPPPPPPPPPP", "5", "o0o0o0", "\u{e9}"])
  func malformedCountsAreRefused(counts: String) {
    #expect(RunLengthMask(resolution: Resolution(width: 4, height: 3), counts: counts) == nil)
  }

  @Test func runsMustFillThePicture() {
    let size = Resolution(width: 4, height: 3)
    #expect(RunLengthMask(resolution: size, runs: [5, 7])?.area == 7)
    #expect(RunLengthMask(resolution: size, runs: [5, 6]) == nil)
    #expect(RunLengthMask(resolution: size, runs: [15, -3]) == nil)
    #expect(RunLengthMask(resolution: size, runs: [.max, .max]) == nil)
  }
}
