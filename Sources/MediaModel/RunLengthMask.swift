/// A binary picture in the run-length encoding of COCO: runs of zeros and ones in turn, column by column.
///
/// `counts` is COCO's compressed text: each run as the difference to the run two before it (from the fourth run
/// on), in groups of five bits, lowest first, with a continuation bit, offset by 48 into printable ASCII.
/// Source: cocoapi `common/maskApi.c`, `rleToString` and `rleFrString`.
public struct RunLengthMask: Hashable, Sendable {
  /// Size of the mask; COCO's `size` lists height before width.
  public var resolution: Resolution
  /// Lengths of the runs, zeros first (0 when the first pixel is set); they add up to width × height.
  public private(set) var runs: [Int]

  /// - Returns: `nil` unless the runs are non-negative and add up to the number of pixels.
  public init?(resolution: Resolution, runs: [Int]) {
    guard runs.allSatisfy({ $0 >= 0 }) else { return nil }
    var total = 0
    for run in runs {
      let (sum, overflow) = total.addingReportingOverflow(run)
      guard !overflow else { return nil }
      total = sum
    }
    guard total == resolution.width * resolution.height else { return nil }
    self.resolution = resolution
    self.runs = runs
  }

  /// Encodes the pixels of the half-open box `columns` × `rows` for which `isSet` holds; all others are zero.
  ///
  /// - Parameter isSet: asked once for each pixel of the box, column by column.
  /// - Precondition: the box lies inside the picture.
  /// - Complexity: O(pixels of the box).
  public init(
    resolution: Resolution, columns: Range<Int>, rows: Range<Int>, isSet: (_ x: Int, _ y: Int) -> Bool
  ) {
    precondition(
      columns.lowerBound >= 0 && columns.upperBound <= resolution.width && rows.lowerBound >= 0
        && rows.upperBound <= resolution.height, "the box lies inside the picture")
    self.resolution = resolution
    runs = []
    var runStart = 0
    var current = false
    let total = resolution.width * resolution.height
    func change(at position: Int, to value: Bool) {
      guard value != current, position < total else { return }
      runs.append(position - runStart)
      runStart = position
      current = value
    }
    for x in columns {
      let column = x * resolution.height
      for y in rows { change(at: column + y, to: isSet(x, y)) }
      // A run goes on into the next column only where the box reaches from top to bottom.
      if rows.count < resolution.height || x + 1 == columns.upperBound {
        change(at: column + rows.upperBound, to: false)
      }
    }
    runs.append(total - runStart)
  }

  /// Number of pixels that are set.
  public var area: Int {
    var sum = 0
    for index in stride(from: 1, to: runs.count, by: 2) { sum += runs[index] }
    return sum
  }

  /// The mask as one byte a pixel, row-major, 1 where set.
  public func pixels() -> [UInt8] {
    let (width, height) = (resolution.width, resolution.height)
    var pixels = [UInt8](repeating: 0, count: width * height)
    var position = 0
    for (index, run) in runs.enumerated() {
      if index % 2 == 1 {
        for offset in position..<position + run { pixels[offset % height * width + offset / height] = 1 }
      }
      position += run
    }
    return pixels
  }

  /// COCO's compressed `counts`.
  public var counts: String {
    var bytes: [UInt8] = []
    for (index, run) in runs.enumerated() {
      var value = index > 2 ? run - runs[index - 2] : run
      var more = true
      while more {
        let group = UInt8(value & 0x1f)
        value >>= 5
        // The sign is the highest bit of the last group.
        more = group & 0x10 != 0 ? value != -1 : value != 0
        bytes.append((group | (more ? 0x20 : 0)) + 48)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads COCO's compressed `counts`.
  ///
  /// - Returns: `nil` when the text is malformed or does not describe a mask of this size.
  public init?(resolution: Resolution, counts: some StringProtocol) {
    var runs: [Int] = []
    var value = 0
    var shift = 0
    for byte in counts.utf8 {
      // Runs of a picture fit in 50 bits; longer groups are malformed.
      guard byte >= 48, byte < 48 + 64, shift <= 50 else { return nil }
      let group = Int(byte) - 48
      value |= (group & 0x1f) << shift
      shift += 5
      guard group & 0x20 == 0 else { continue }
      if group & 0x10 != 0 { value |= -1 << shift }
      let run = runs.count > 2 ? value + runs[runs.count - 2] : value
      guard (0...resolution.width * resolution.height).contains(run) else { return nil }
      runs.append(run)
      (value, shift) = (0, 0)
    }
    guard shift == 0 else { return nil }
    self.init(resolution: resolution, runs: runs)
  }
}
