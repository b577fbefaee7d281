public import MediaModel

extension RunLengthMask {
  /// Pixels that are set in both masks; 0 for masks of different sizes.
  ///
  /// - Parameter columns: by how many pixels this mask is moved to the right first.
  /// - Parameter rows: by how many pixels this mask is moved down first. What leaves at the top or bottom comes back
  ///   in the column beside; few pixels where masks keep away from the edges.
  /// - Complexity: O(runs of both).
  public func commonArea(with other: RunLengthMask, movedRight columns: Int = 0, movedDown rows: Int = 0) -> Int {
    guard resolution == other.resolution else { return 0 }
    let move = columns * resolution.height + rows
    var common = 0
    var (mine, theirs) = (1, 1)
    var (start, otherStart) = ((runs.first ?? 0) + move, other.runs.first ?? 0)
    while mine < runs.count, theirs < other.runs.count {
      let (end, otherEnd) = (start + runs[mine], otherStart + other.runs[theirs])
      common += max(0, min(end, otherEnd) - max(start, otherStart))
      if end <= otherEnd {
        start = end + (mine + 1 < runs.count ? runs[mine + 1] : 0)
        mine += 2
      } else {
        otherStart = otherEnd + (theirs + 1 < other.runs.count ? other.runs[theirs + 1] : 0)
        theirs += 2
      }
    }
    return common
  }

  /// Intersection over union; 0 for masks of different sizes and for empty ones.
  ///
  /// - Complexity: O(runs of both).
  public func overlap(
    with other: RunLengthMask, movedRight columns: Int = 0, movedDown rows: Int = 0
  ) -> Float {
    let common = commonArea(with: other, movedRight: columns, movedDown: rows)
    return common > 0 ? Float(common) / Float(area + other.area - common) : 0
  }

  /// Pixels that are set and inside a box: left, top, right, bottom, pixels, rounded.
  ///
  /// - Complexity: O(runs).
  public func area(in box: SIMD4<Float>) -> Int {
    let (width, height) = (resolution.width, resolution.height)
    guard height > 0, box.z > 0, box.w > 0, box.x < Float(width), box.y < Float(height) else { return 0 }
    let (left, right) = (Int(max(box.x, 0).rounded()), Int(min(box.z, Float(width)).rounded()))
    let (top, bottom) = (Int(max(box.y, 0).rounded()), Int(min(box.w, Float(height)).rounded()))
    var (sum, position) = (0, 0)
    for (index, run) in runs.enumerated() {
      var start = position
      position += run
      guard index % 2 == 1, position > left * height else { continue }
      guard start < right * height else { break }
      while start < position {
        let column = start / height
        let end = min(position, (column + 1) * height)
        if column >= left, column < right {
          sum += max(0, min(end - column * height, bottom) - max(start - column * height, top))
        }
        start = end
      }
    }
    return sum
  }

  /// The smallest box around all pixels that are set: left, top, right, bottom; `nil` for an empty mask.
  ///
  /// - Complexity: O(runs).
  public var bounds: SIMD4<Float>? {
    let height = resolution.height
    var (left, right, top, bottom) = (Int.max, -1, Int.max, -1)
    var position = 0
    for (index, run) in runs.enumerated() {
      if index % 2 == 1, run > 0 {
        let last = position + run - 1
        let (first, end) = (position / height, last / height)
        left = min(left, first)
        right = max(right, end)
        top = first == end ? min(top, position % height) : 0
        bottom = first == end ? max(bottom, last % height) : height - 1
      }
      position += run
    }
    return right < 0 ? nil : SIMD4(Float(left), Float(top), Float(right + 1), Float(bottom + 1))
  }
}
