/// Where each place lies between cells that cover the same length, without antialiasing: PyTorch's
/// `interpolate`, bilinear, `align_corners` false.
struct BilinearTaps {
  var first: [Int] = []
  var second: [Int] = []
  /// Of the second, 0…1.
  var weight: [Float] = []

  init(from source: Int, to target: Int) {
    let scale = Float(source) / Float(target)
    for place in 0..<target {
      let position = max((Float(place) + 0.5) * scale - 0.5, 0)
      let cell = min(Int(position), source - 1)
      first.append(cell)
      second.append(min(cell + 1, source - 1))
      weight.append(position - Float(cell))
    }
  }

  /// The places that one of `cells` has a part in.
  func range(of cells: ClosedRange<Int>) -> Range<Int> {
    let start = second.firstIndex { $0 >= cells.lowerBound } ?? second.count
    let end = first.lastIndex { $0 <= cells.upperBound } ?? -1
    return start..<max(start, end + 1)
  }
}
