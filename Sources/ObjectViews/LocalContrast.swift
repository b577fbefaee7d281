/// Spreads brightness where it is crowded, tile by tile.
///
/// Contrast-limited adaptive histogram equalisation, mixed with the original. Source: Zuiderveld 1994, "Contrast limited
/// adaptive histogram equalization", Graphics Gems IV.
struct LocalContrast {
  /// Tiles along the longer side, at most; none is smaller than 32 pixels.
  static let tiles = 6
  static let bins = 128
  /// No brightness gains more than this: the greatest slope of a tile's map.
  var limit: Float
  /// How much of the equalised image is taken, 0…1.
  var strength: Float
  /// Black and white.
  var range: ClosedRange<Float>

  func applied(to image: FloatPlane) -> FloatPlane {
    guard strength > 0 else { return image }
    let side = max(32, (max(image.width, image.height) + Self.tiles - 1) / Self.tiles)
    let columns = max(1, (image.width + side / 2) / side)
    let rows = max(1, (image.height + side / 2) / side)
    let (tileWidth, tileHeight) = (Float(image.width) / Float(columns), Float(image.height) / Float(rows))
    var maps: [[Float]] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let xs = Int(Float(column) * tileWidth)..<Int((Float(column + 1) * tileWidth).rounded(.up))
        let ys = Int(Float(row) * tileHeight)..<Int((Float(row + 1) * tileHeight).rounded(.up))
        maps.append(map(image, xs.clamped(to: 0..<image.width), ys.clamped(to: 0..<image.height)))
      }
    }
    var result = image
    for y in 0..<image.height {
      let (top, bottom, down) = Self.between((Float(y) + 0.5) / tileHeight - 0.5, rows)
      for x in 0..<image.width {
        let (left, right, along) = Self.between((Float(x) + 0.5) / tileWidth - 0.5, columns)
        let value = image.values[y * image.width + x]
        func mapped(_ row: Int, _ column: Int) -> Float { look(maps[row * columns + column], value) }
        let upper = mapped(top, left) + along * (mapped(top, right) - mapped(top, left))
        let lower = mapped(bottom, left) + along * (mapped(bottom, right) - mapped(bottom, left))
        let equalised = upper + down * (lower - upper)
        result.values[y * image.width + x] = value + strength * (equalised - value)
      }
    }
    return result
  }

  private static func between(_ place: Float, _ count: Int) -> (Int, Int, Float) {
    let clamped = min(max(place, 0), Float(count - 1))
    let first = min(Int(clamped), count - 1)
    return (first, min(first + 1, count - 1), clamped - Float(first))
  }

  /// The map of one tile: new brightness by bin.
  private func map(_ image: FloatPlane, _ xs: Range<Int>, _ ys: Range<Int>) -> [Float] {
    var histogram = [Float](repeating: 0, count: Self.bins)
    let factor = Float(Self.bins) / (range.upperBound - range.lowerBound)
    for y in ys {
      for x in xs {
        let bin = Int((image.values[y * image.width + x] - range.lowerBound) * factor)
        histogram[min(max(bin, 0), Self.bins - 1)] += 1
      }
    }
    let total = Float(max(xs.count * ys.count, 1))
    let most = limit * total / Float(Self.bins)
    var excess: Float = 0
    for bin in histogram.indices where histogram[bin] > most {
      excess += histogram[bin] - most
      histogram[bin] = most
    }
    // What is cut off goes to all alike: half of the slope is that of the original.
    let share = excess / Float(Self.bins)
    var sum: Float = 0
    return histogram.map { count in
      let middle = sum + (count + share) / 2
      sum += count + share
      return range.lowerBound + (range.upperBound - range.lowerBound) * middle / total
    }
  }

  private func look(_ map: [Float], _ value: Float) -> Float {
    let place = (value - range.lowerBound) / (range.upperBound - range.lowerBound) * Float(Self.bins) - 0.5
    let clamped = min(max(place, 0), Float(Self.bins - 1))
    let first = min(Int(clamped), Self.bins - 2)
    return map[first] + (clamped - Float(first)) * (map[first + 1] - map[first])
  }
}
