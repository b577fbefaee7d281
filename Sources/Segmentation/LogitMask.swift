public import MediaModel

/// A mask as the network says it: for each cell of a coarse grid over the picture, how sure it is of the object.
public struct LogitMask: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// Row-major; positive on the object.
  public let logits: [Float]

  /// - Precondition: as many logits as cells, and at least one.
  public init(width: Int, height: Int, logits: [Float]) {
    precondition(width > 0 && height > 0 && logits.count == width * height)
    self.width = width
    self.height = height
    self.logits = logits
  }

  /// The cells that are positive, by columns and rows; `nil` when none is.
  var extent: (columns: ClosedRange<Int>, rows: ClosedRange<Int>)? {
    var (left, right, top, bottom) = (width, -1, height, -1)
    for row in 0..<height {
      for column in 0..<width where logits[row * width + column] > 0 {
        (left, right) = (min(left, column), max(right, column))
        (top, bottom) = (min(top, row), max(bottom, row))
      }
    }
    return right < 0 ? nil : (left...right, top...bottom)
  }

  /// The mask in the picture's pixels.
  /// - Complexity: O(pixels of its bounding box).
  public func binary(at resolution: Resolution) -> RunLengthMask {
    // One mask in, one mask out.
    Self.nonOverlapping([self], at: resolution)[0]
  }

  /// Masks in the picture's pixels, each pixel of the object that is surest of it only; of the first where two are equally
  /// sure.
  /// - Precondition: all masks have the same size.
  /// - Complexity: O(pixels of all bounding boxes).
  /// - Source: `post_process_masks` of the models' reference implementation, `apply_non_overlapping_constraints`.
  public static func nonOverlapping(_ masks: [LogitMask], at resolution: Resolution) -> [RunLengthMask] {
    guard let first = masks.first else { return [] }
    precondition(masks.allSatisfy { $0.width == first.width && $0.height == first.height })
    let across = BilinearTaps(from: first.width, to: resolution.width)
    let down = BilinearTaps(from: first.height, to: resolution.height)
    let boxes = masks.map { mask in
      mask.extent.map { (columns: across.range(of: $0.columns), rows: down.range(of: $0.rows)) }
    }
    var owners = Owners(resolution)
    for (index, mask) in masks.enumerated() {
      guard let box = boxes[index] else { continue }
      owners.claim(for: index, mask, across, down, columns: box.columns, rows: box.rows)
    }
    return boxes.enumerated().map { index, box in
      RunLengthMask(resolution: resolution, columns: box?.columns ?? 0..<0, rows: box?.rows ?? 0..<0) { x, y in
        owners[x, y] == index
      }
    }
  }
}

/// Which of several masks each pixel of a picture is of.
private struct Owners {
  private let width: Int
  private var owners: [Int32]
  private var best: [Float]

  init(_ resolution: Resolution) {
    width = resolution.width
    owners = Array(repeating: -1, count: resolution.width * resolution.height)
    // Pixels that nobody is sure of are nobody's.
    best = Array(repeating: 0, count: resolution.width * resolution.height)
  }

  subscript(x: Int, y: Int) -> Int { Int(owners[y * width + x]) }

  mutating func claim(
    for index: Int, _ mask: LogitMask, _ across: BilinearTaps, _ down: BilinearTaps, columns: Range<Int>,
    rows: Range<Int>
  ) {
    mask.logits.withUnsafeBufferPointer { logits in
      for y in rows {
        let (upper, lower) = (down.first[y] * mask.width, down.second[y] * mask.width)
        let (upperWeight, lowerWeight) = (1 - down.weight[y], down.weight[y])
        for x in columns {
          let (left, right) = (across.first[x], across.second[x])
          let (leftWeight, rightWeight) = (1 - across.weight[x], across.weight[x])
          let above = leftWeight * logits[upper + left] + rightWeight * logits[upper + right]
          let below = leftWeight * logits[lower + left] + rightWeight * logits[lower + right]
          let value = upperWeight * above + lowerWeight * below
          if value > best[y * width + x] {
            best[y * width + x] = value
            owners[y * width + x] = Int32(index)
          }
        }
      }
    }
  }
}

/// Where each of `to` places lies between `from` cells that cover the same length, without antialiasing: PyTorch's
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
