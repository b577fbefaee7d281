import MediaModel
import TestSupport
import Testing
import Tracking

@Suite struct RunLengthMaskOverlapTests {
  private let size = Resolution(width: 23, height: 17)

  private func mask(_ isSet: [Bool]) -> RunLengthMask {
    RunLengthMask(resolution: size, columns: 0..<size.width, rows: 0..<size.height) { x, y in
      isSet[y * size.width + x]
    }
  }

  private func randomPixels(_ random: inout SeededGenerator) -> [Bool] {
    let density: Double = [0, 0.1, 0.5, 0.9, 1].randomElement(using: &random) ?? 0
    return (0..<size.width * size.height).map { _ in Double.random(in: 0..<1, using: &random) < density }
  }

  @Test func areasEqualThoseOfThePixels() {
    var random = SeededGenerator(seed: 8)
    for _ in 0..<200 {
      let (a, b) = (randomPixels(&random), randomPixels(&random))
      let common = zip(a, b).count { $0 && $1 }
      let union = zip(a, b).count { $0 || $1 }
      #expect(mask(a).commonArea(with: mask(b)) == common)
      #expect(mask(a).overlap(with: mask(b)) == (union > 0 ? Float(common) / Float(union) : 0))
      let x = Int.random(in: -3...20, using: &random), y = Int.random(in: -3...14, using: &random)
      let width = Int.random(in: 1...12, using: &random), height = Int.random(in: 1...12, using: &random)
      var inside = 0
      for row in max(y, 0)..<max(min(y + height, size.height), max(y, 0)) {
        for column in max(x, 0)..<max(min(x + width, size.width), max(x, 0)) where a[row * size.width + column] {
          inside += 1
        }
      }
      #expect(mask(a).area(in: SIMD4(Float(x), Float(y), Float(x + width), Float(y + height))) == inside)
    }
  }

  @Test func aMaskIsMoved() {
    func box(_ x: Int, _ y: Int) -> RunLengthMask {
      RunLengthMask(resolution: size, columns: x..<x + 5, rows: y..<y + 4) { _, _ in true }
    }
    #expect(box(3, 2).overlap(with: box(7, 9), movedRight: 4, movedDown: 7) == 1)
    #expect(box(7, 9).overlap(with: box(3, 2), movedRight: -4, movedDown: -7) == 1)
    #expect(box(3, 2).overlap(with: box(7, 9)) == 0)
    #expect(box(3, 2).bounds == [3, 2, 8, 6])
    #expect(mask(Array(repeating: false, count: 23 * 17)).bounds == nil)
    #expect(mask(Array(repeating: true, count: 23 * 17)).bounds == [0, 0, 23, 17])
  }

  @Test func masksOfOtherSizesHaveNothingInCommon() {
    let other = RunLengthMask(resolution: Resolution(width: 17, height: 23), columns: 0..<17, rows: 0..<23) { _, _ in
      true
    }
    #expect(mask(Array(repeating: true, count: 23 * 17)).commonArea(with: other) == 0)
  }
}
