import MotionDetection
import Testing

@Suite struct ShapeNetTests {
  private static let side = ShapeNet.side
  private static let width = ShapeNet.channels

  /// Numbers about −1…1, the same each time.
  private static func cells(seed: Int) -> [ShapeNet.Channels] {
    (0..<side * side).map { cell in
      var channels = ShapeNet.Channels.zero
      for channel in 0..<width {
        channels[channel] = Float((cell * 7_919 + channel * 104_729 + seed * 31) % 2_003) / 1_001 - 1
      }
      return channels
    }
  }

  /// The same net, written down number by number.
  private static func expected(_ cells: [ShapeNet.Channels]) -> [Double] {
    var weights = ShapeWeights.values.map(Double.init)[...]
    func next(_ count: Int) -> [Double] {
      defer { weights = weights.dropFirst(count) }
      return Array(weights.prefix(count))
    }
    var current = cells.map { cell in (0..<width).map { Double(cell[$0]) } }
    for (index, distance) in ShapeNet.distances.enumerated() {
      let (around, across, bias) = (next(9 * width), next(width * width), next(width))
      let source = current
      for y in 0..<side {
        for x in 0..<side {
          var sums = [Double](repeating: 0, count: width)
          for tap in 0..<9 {
            let (v, u) = (y + (tap / 3 - 1) * distance, x + (tap % 3 - 1) * distance)
            guard (0..<side).contains(v), (0..<side).contains(u) else { continue }
            for channel in 0..<width { sums[channel] += source[v * side + u][channel] * around[tap * width + channel] }
          }
          for channel in 0..<width {
            let sum = (0..<width).reduce(bias[channel]) { $0 + sums[$1] * across[$1 * width + channel] }
            current[y * side + x][channel] = max(sum, 0) + (index > 0 ? source[y * side + x][channel] : 0)
          }
        }
      }
    }
    let (last, bias) = (next(width), next(1)[0])
    return current.map { cell in zip(cell, last).reduce(bias) { $0 + $1.0 * $1.1 } }
  }

  @Test func itHasAllItsWeights() {
    let layers = ShapeNet.distances.count * Self.width * (9 + Self.width + 1)
    #expect(ShapeWeights.values.count == layers + Self.width + 1)
  }

  @Test(arguments: [1, 2])
  func itIsTheNetThatItIsSaidToBe(seed: Int) {
    let cells = Self.cells(seed: seed)
    for (found, expected) in zip(ShapeNet.shared.odds(cells, side: Self.side), Self.expected(cells)) {
      #expect(abs(Double(found) - expected) < 1e-3 * max(1, abs(expected)))
    }
  }

  /// What is more than the layers' distances away changes nothing.
  @Test func aCellSeesWhatIsNear() {
    let cells = Self.cells(seed: 3)
    var changed = cells
    changed[changed.count - 1] += 1
    let (before, after) = (ShapeNet.shared.odds(cells, side: Self.side), ShapeNet.shared.odds(changed, side: Self.side))
    let reach = ShapeNet.distances.reduce(0, +)
    for y in 0..<Self.side {
      for x in 0..<Self.side where max(Self.side - 1 - x, Self.side - 1 - y) > reach {
        #expect(before[y * Self.side + x] == after[y * Self.side + x])
      }
    }
    #expect(before[before.count - 1] != after[after.count - 1])
  }
}
