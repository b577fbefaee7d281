public import ObjectViews

/// 64 bits that are nearly the same for pictures that look the same: whether each of 8×8 places is brighter than the
/// next one to the left.
///
/// Source: the difference hash of N. Krawetz, "Kind of like that", 2013.
public struct PerceptualHash: Hashable, Sendable {
  public var bits: UInt64

  public init(bits: UInt64) { self.bits = bits }

  /// Hashes luma, averaged over 9×8 areas.
  public init(_ image: ViewImage) {
    func mean(_ column: Int, _ row: Int) -> Int {
      let x = column * image.width / 9..<max((column + 1) * image.width / 9, column * image.width / 9 + 1)
      let y = row * image.height / 8..<max((row + 1) * image.height / 8, row * image.height / 8 + 1)
      var sum = 0
      for j in y.clamped(to: 0..<image.height) {
        for i in x.clamped(to: 0..<image.width) { sum += Int(image.luma[j * image.width + i]) }
      }
      return sum * 16 / (x.count * y.count)
    }
    bits = 0
    for row in 0..<8 {
      for column in 0..<8 where mean(column, row) < mean(column + 1, row) { bits |= 1 << UInt64(row * 8 + column) }
    }
  }

  /// In how many bits two differ.
  public func distance(to other: PerceptualHash) -> Int { (bits ^ other.bits).nonzeroBitCount }
}
