public import MediaModel

/// What one frame shows of an object: the pixels in and around its box.
public struct ObjectView: Hashable, Sendable {
  /// Number and capture time of the frame.
  public let frameNumber: Int
  public let nanos: Int64
  /// Where the left upper pixel of `image` is in the picture.
  public let origin: SIMD2<Int>
  public let image: ViewImage
  /// Left, top, right, bottom of the object, pixels of `image`; the right and the bottom edge are outside.
  public let box: SIMD4<Float>
  /// The object's pixels, row-major, as large as `image`, 1 where set; `nil` where only its box is known.
  public let mask: [UInt8]?
  /// How good the view is.
  public let quality: ViewQuality
  /// What it looks like, for telling poses apart.
  public let look: ViewLook

  /// Bytes that it keeps.
  public var byteCount: Int { image.byteCount + (mask?.count ?? 0) + 4 * ViewLook.count }

  /// Cuts an object out of a picture.
  ///
  /// - Parameters:
  ///   - picture: the frame.
  ///   - object: with its box, and mask where there is one, in pixels of `picture`.
  ///   - padding: how much more than the box is taken: this part of its width in all, and of its height; what lies
  ///     outside the picture is left out.
  /// - Returns: `nil` where the box has no pixel in the picture.
  /// - Complexity: O(pixels of the crop + runs of the mask).
  public init?(
    _ picture: Picture, _ object: TrackedObject, padding: Float, frameNumber: Int, at nanos: Int64
  ) {
    let box = object.box
    guard let columns = Self.span(box.x, box.z, padding, picture.resolution.width),
      let rows = Self.span(box.y, box.w, padding, picture.resolution.height)
    else { return nil }
    self.frameNumber = frameNumber
    self.nanos = nanos
    origin = SIMD2(columns.lowerBound, rows.lowerBound)
    image = ViewImage(picture, columns: columns, rows: rows)
    let (left, top) = (Float(origin.x), Float(origin.y))
    let limits = SIMD4(Float(columns.count), Float(rows.count), Float(columns.count), Float(rows.count))
    self.box = (box - SIMD4(left, top, left, top)).clamped(lowerBound: .zero, upperBound: limits)
    let cut = object.mask.flatMap { $0.resolution == picture.resolution ? $0.cut(columns, rows) : nil }
    // A mask of which nothing is here says nothing.
    mask = cut.flatMap { $0.contains(1) ? $0 : nil }
    let size = picture.resolution
    let isWhole = box.x > 1 && box.y > 1 && box.z < Float(size.width) - 1 && box.w < Float(size.height) - 1
    quality = ViewQuality(of: image, box: self.box, mask: mask, isWhole: isWhole)
    look = ViewLook(of: image, box: self.box)
  }

  /// The pixels that a side of the box with its padding covers, in pairs as chroma has them.
  private static func span(_ low: Float, _ high: Float, _ padding: Float, _ limit: Int) -> Range<Int>? {
    guard low.isFinite, high.isFinite, high > low, high > 0, low < Float(limit) else { return nil }
    let extra = (high - low) * padding / 2
    let start = max(0, (low - extra).rounded(.down))
    let end = min(Float(limit), (high + extra).rounded(.up))
    let first = Int(start) & ~1
    return first..<min(limit, (max(Int(end), first + 1) + 1) & ~1)
  }
}

extension RunLengthMask {
  /// The pixels of a part, row-major, 1 where set.
  fileprivate func cut(_ columns: Range<Int>, _ rows: Range<Int>) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: columns.count * rows.count)
    let height = resolution.height
    var position = 0
    for (index, run) in runs.enumerated() {
      defer { position += run }
      guard index % 2 == 1, run > 0 else { continue }
      for column in (position / height...(position + run - 1) / height) where columns.contains(column) {
        let first = max(position - column * height, rows.lowerBound)
        let end = min(position + run - column * height, rows.upperBound)
        guard first < end else { continue }
        for row in first..<end {
          pixels[(row - rows.lowerBound) * columns.count + column - columns.lowerBound] = 1
        }
      }
    }
    return pixels
  }
}
