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
    var owners = PixelOwners(boxes.compactMap(\.self), across, down)
    for (index, mask) in masks.enumerated() {
      guard let box = boxes[index] else { continue }
      owners.claim(for: index, mask, columns: box.columns, rows: box.rows)
    }
    return boxes.enumerated().map { index, box in
      RunLengthMask(resolution: resolution, columns: box?.columns ?? 0..<0, rows: box?.rows ?? 0..<0) { x, y in
        owners[x, y] == index
      }
    }
  }
}
