import MaskRefinement
import MediaModel
import TestSupport
import Testing

@Suite struct MaskRefinerTests {
  private static func isInEllipse(_ x: Int, _ y: Int, _ centre: SIMD2<Float>, _ half: SIMD2<Float>) -> Bool {
    let offset = (SIMD2(Float(x), Float(y)) + 0.5 - centre) / half
    return (offset * offset).sum() < 1
  }

  /// A car-like thing in two colours on a ground in two colours.
  private func scene(scale: Float, noise: Float, seed: UInt64 = 1) -> (PaintedPicture, SIMD4<Float>) {
    let (width, height) = (Int(160 * scale), Int(120 * scale))
    let centre = SIMD2<Float>(80, 62) * scale, half = SIMD2<Float>(40, 22) * scale
    let painted = PaintedPicture(
      width: width, height: height, noise: noise, seed: seed,
      isObject: { x, y in
        Self.isInEllipse(x, y, centre, half)
          || Self.isInEllipse(x, y, centre - [0, 20 * scale], [18 * scale, 14 * scale])
      },
      colour: { x, y, isObject in
        if isObject { return Float(y) < centre.y - 14 * scale ? [60, 128, 128] : [120, 100, 170] }
        return Float(x) < 70 * scale ? [130, 118, 124] : [175, 126, 130]
      })
    return (painted, SIMD4(40, 28, 120, 84) * scale)
  }

  @Test func theObjectIsCutOut() {
    for seed: UInt64 in 1...3 {
      let (painted, box) = scene(scale: 1, noise: 8, seed: seed)
      #expect(painted.overlap(MaskRefiner().refined(box: box, in: painted.picture)) > 0.93)
    }
  }

  @Test func largeObjectsHaveSharpEdges() {
    // Cells of 4 × 4 pixels and more; the edge is of pixels.
    let (painted, box) = scene(scale: 5, noise: 6)
    var refiner = MaskRefiner()
    let fine = painted.overlap(refiner.refined(box: box, in: painted.picture))
    #expect(fine > 0.97)
    refiner.maximalCells = 1_500
    #expect(painted.overlap(refiner.refined(box: box, in: painted.picture)) > 0.95)
  }

  @Test func smallObjectsAreCutOutToo() {
    let (painted, box) = scene(scale: 0.2, noise: 4)
    #expect(painted.overlap(MaskRefiner().refined(box: box, in: painted.picture)) > 0.75)
  }

  @Test func theMaskStaysInTheBoxAndThePicture() throws {
    let (painted, box) = scene(scale: 1, noise: 8)
    // A box over the edge of the picture, and one that cuts the object in two.
    for box in [box + [-80, 0, 0, 80], SIMD4(box.x, box.y, 80, box.w), [-1e9, -1e9, 1e9, 1e9]] {
      guard let mask = MaskRefiner().refined(box: box, in: painted.picture) else { continue }
      let pixels = mask.pixels()
      for place in pixels.indices where pixels[place] == 1 {
        let (x, y) = (Float(place % 160), Float(place / 160))
        #expect(x >= box.x && x < box.z && y >= box.y && y < box.w)
      }
    }
  }

  @Test func nothingStandsOutOfAnEvenPicture() {
    let painted = PaintedPicture(width: 80, height: 60, noise: 0, isObject: { _, _ in false }) { _, _, _ in
      [90, 128, 128]
    }
    #expect(MaskRefiner().refined(box: [20, 15, 60, 45], in: painted.picture) == nil)
    for box: SIMD4<Float> in [[20, 20, 21, 40], [300, 300, 340, 340], [40, 40, 20, 20], [.nan, 0, 9, 9]] {
      #expect(MaskRefiner().refined(box: box, in: painted.picture) == nil)
    }
  }

  @Test func aSeedSaysWhichOfTwoThingsIsMeant() {
    // Two discs of different colours in one box.
    let painted = PaintedPicture(
      width: 160, height: 120, noise: 5,
      isObject: { x, y in Self.isInEllipse(x, y, [60, 60], [20, 24]) },
      colour: { x, y, isObject in
        if isObject { return [150, 90, 150] }
        return Self.isInEllipse(x, y, [104, 60], [18, 18]) ? [80, 150, 110] : [130, 128, 128]
      })
    let seed = RunLengthMask(resolution: painted.resolution, columns: 48..<72, rows: 45..<75) { _, _ in true }
    let mask = MaskRefiner().refined(box: [36, 30, 126, 90], seed: seed, in: painted.picture)
    #expect(painted.overlap(mask) > 0.9)
    // A seed elsewhere, or of another size, is not followed.
    let elsewhere = RunLengthMask(resolution: painted.resolution, columns: 0..<9, rows: 0..<9) { _, _ in true }
    let other = RunLengthMask(resolution: Resolution(width: 9, height: 9), columns: 0..<9, rows: 0..<9) { _, _ in true }
    let box: SIMD4<Float> = [38, 33, 82, 87]
    let unseeded = MaskRefiner().refined(box: box, in: painted.picture)
    #expect(painted.overlap(unseeded) > 0.9)
    #expect(MaskRefiner().refined(box: box, seed: elsewhere, in: painted.picture) == unseeded)
    #expect(MaskRefiner().refined(box: box, seed: other, in: painted.picture) == unseeded)
  }

  @Test func theSameAgainGivesTheSame() {
    let (painted, box) = scene(scale: 2, noise: 10)
    let first = MaskRefiner().refined(box: box, in: painted.picture)
    #expect(first != nil && MaskRefiner().refined(box: box, in: painted.picture) == first)
  }
}
