public import MediaModel

/// A part of a picture as a copy of its own: 8-bit planar YCbCr 4:2:0, rows without gaps.
public struct ViewImage: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// `height` rows of `width` bytes.
  public let luma: [UInt8]
  /// `(height + 1) / 2` rows of `(width + 1) / 2` bytes, and so is `cr`.
  public let cb: [UInt8]
  public let cr: [UInt8]
  /// Whether luma spans 0…255 rather than 16…235.
  public let isFullRange: Bool

  /// - Precondition: planes of these sizes.
  public init(width: Int, height: Int, luma: [UInt8], cb: [UInt8], cr: [UInt8], isFullRange: Bool) {
    let chroma = (width + 1) / 2 * ((height + 1) / 2)
    precondition(width > 0 && height > 0, "a view has at least one pixel")
    precondition(luma.count == width * height && cb.count == chroma && cr.count == chroma, "planes of these sizes")
    (self.width, self.height) = (width, height)
    (self.luma, self.cb, self.cr) = (luma, cb, cr)
    self.isFullRange = isFullRange
  }

  /// Copies a part of a picture.
  /// - Precondition: the part is not empty, lies inside the picture, and begins at even pixels, as chroma does.
  public init(_ picture: Picture, columns: Range<Int>, rows: Range<Int>) {
    precondition(columns.lowerBound % 2 == 0 && rows.lowerBound % 2 == 0, "begins where a sample of chroma does")
    precondition(
      columns.lowerBound >= 0 && rows.lowerBound >= 0 && columns.upperBound <= picture.resolution.width
        && rows.upperBound <= picture.resolution.height, "the part lies inside the picture")
    func copy(_ plane: Picture.Plane, _ columns: Range<Int>, _ rows: Range<Int>) -> [UInt8] {
      [UInt8](unsafeUninitializedCapacity: columns.count * rows.count) { target, count in
        count = columns.count * rows.count
        guard let start = target.baseAddress else { return }
        for (index, row) in rows.enumerated() {
          (start + index * columns.count).initialize(
            from: plane.base + row * plane.stride + columns.lowerBound, count: columns.count)
        }
      }
    }
    let (halfColumns, halfRows) = (Self.halved(columns), Self.halved(rows))
    let planes = picture.withPlanes { luma, cb, cr in
      (copy(luma, columns, rows), copy(cb, halfColumns, halfRows), copy(cr, halfColumns, halfRows))
    }
    self.init(
      width: columns.count, height: rows.count, luma: planes.0, cb: planes.1, cr: planes.2,
      isFullRange: picture.isFullRange)
  }

  private static func halved(_ range: Range<Int>) -> Range<Int> {
    range.lowerBound / 2..<(range.lowerBound / 2 + (range.count + 1) / 2)
  }

  public var chromaWidth: Int { (width + 1) / 2 }
  public var chromaHeight: Int { (height + 1) / 2 }
  /// Bytes that it keeps.
  public var byteCount: Int { luma.count + cb.count + cr.count }

  /// The same pixels as a picture, for instance to be coded.
  public func picture() -> Picture {
    let builder = PictureBuilder(resolution: Resolution(width: width, height: height))
    func copy(_ source: [UInt8], _ width: Int, _ rows: Int, to target: UnsafeMutablePointer<UInt8>, _ stride: Int) {
      source.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        for row in 0..<rows { (target + row * stride).update(from: base + row * width, count: width) }
      }
    }
    copy(luma, width, height, to: builder.luma, builder.strides.luma)
    copy(cb, chromaWidth, chromaHeight, to: builder.cb, builder.strides.chroma)
    copy(cr, chromaWidth, chromaHeight, to: builder.cr, builder.strides.chroma)
    return builder.seal(isFullRange: isFullRange)
  }
}
