import CTurboJPEG
public import MediaModel

/// Decodes JPEG images to full-range pictures. Not `Sendable`: a large image takes many milliseconds.
public final class JPEGDecoder {
  private let handle: TurboJPEGHandle
  private let limitPixels: Int

  /// - Parameter limitPixels: larger images are refused before anything is allocated for them.
  public init(limitPixels: Int = 64 << 20) throws(JPEGError) {
    handle = try TurboJPEGHandle(tjInitDecompress())
    self.limitPixels = limitPixels
  }

  /// Decodes one image. Chroma of another subsampling than 4:2:0 is averaged to it; grey images get neutral chroma.
  public func decode(_ bytes: [UInt8]) throws(JPEGError) -> Picture {
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colours: Int32 = 0
    let length = UInt(bytes.count)
    guard tjDecompressHeader3(handle.pointer, bytes, length, &width, &height, &subsampling, &colours) == 0 else {
      throw .decoding(reason: handle.lastError)
    }
    let size = Resolution(width: Int(width), height: Int(height))
    guard size.width > 0, size.height > 0 else { throw .decoding(reason: "no pixels") }
    guard size.width * size.height <= limitPixels else { throw .tooLarge(size, limitPixels: limitPixels) }
    let isGrey = colours == TJCS_GRAY.rawValue
    guard isGrey || colours == TJCS_YCbCr.rawValue, let sampling = ChromaSampling(subsampling) else {
      throw .unsupportedColours
    }
    let builder = PictureBuilder(resolution: size)
    let chromaHeight = (size.height + 1) / 2
    if isGrey {
      builder.cb.update(repeating: 128, count: builder.strides.chroma * chromaHeight)
      builder.cr.update(repeating: 128, count: builder.strides.chroma * chromaHeight)
      try decompress(bytes, into: [builder.luma, nil, nil], strides: [builder.strides.luma, 0, 0], size)
    } else if sampling == .half {
      let strides = [builder.strides.luma, builder.strides.chroma, builder.strides.chroma]
      try decompress(bytes, into: [builder.luma, builder.cb, builder.cr], strides: strides, size)
    } else {
      try decompressAndResample(bytes, sampling, into: builder)
    }
    return builder.seal(isFullRange: true)
  }

  private func decompress(
    _ bytes: [UInt8], into planes: [UnsafeMutablePointer<UInt8>?], strides: [Int], _ size: Resolution
  ) throws(JPEGError) {
    var planes = planes
    var strides = strides.map { Int32($0) }
    let status = tjDecompressToYUVPlanes(
      handle.pointer, bytes, UInt(bytes.count), &planes, Int32(size.width), &strides, Int32(size.height), 0)
    // A warning means that the end is missing or damaged; what was decoded is not worth passing on.
    guard status == 0 else { throw .decoding(reason: handle.lastError) }
  }

  private func decompressAndResample(
    _ bytes: [UInt8], _ sampling: ChromaSampling, into builder: borrowing PictureBuilder
  ) throws(JPEGError) {
    let size = builder.resolution
    let width = (size.width + sampling.horizontal - 1) / sampling.horizontal
    let height = (size.height + sampling.vertical - 1) / sampling.vertical
    // TurboJPEG rounds planes up to whole samples of the picture's own grid; one spare column and row is enough.
    let stride = width + 8
    let planeBytes = stride * (height + 8)
    let chroma = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * planeBytes)
    defer { chroma.deallocate() }
    try decompress(
      bytes, into: [builder.luma, chroma, chroma + planeBytes], strides: [builder.strides.luma, stride, stride], size)
    for (source, target) in [(chroma, builder.cb), (chroma + planeBytes, builder.cr)] {
      let plane = ChromaSampling.Plane(base: source, stride: stride, width: width, height: height)
      sampling.average(plane, into: target, stride: builder.strides.chroma, size)
    }
  }
}

/// How many luma samples share a chroma sample.
private struct ChromaSampling: Equatable {
  struct Plane {
    let base: UnsafeMutablePointer<UInt8>
    let stride: Int
    let width: Int
    let height: Int
  }

  let horizontal: Int
  let vertical: Int

  /// 4:2:0, that of pictures.
  static let half = ChromaSampling(horizontal: 2, vertical: 2)

  init(horizontal: Int, vertical: Int) {
    self.horizontal = horizontal
    self.vertical = vertical
  }

  init?(_ turboJPEG: Int32) {
    switch turboJPEG {
    case Int32(TJSAMP_444.rawValue), Int32(TJSAMP_GRAY.rawValue): self.init(horizontal: 1, vertical: 1)
    case Int32(TJSAMP_422.rawValue): self.init(horizontal: 2, vertical: 1)
    case Int32(TJSAMP_420.rawValue): self.init(horizontal: 2, vertical: 2)
    case Int32(TJSAMP_440.rawValue): self.init(horizontal: 1, vertical: 2)
    case Int32(TJSAMP_411.rawValue): self.init(horizontal: 4, vertical: 1)
    default: return nil
    }
  }

  /// Writes the 4:2:0 plane of a picture of `size`: the mean of the samples that each of its samples covers.
  func average(_ source: Plane, into target: UnsafeMutablePointer<UInt8>, stride: Int, _ size: Resolution) {
    for row in 0..<(size.height + 1) / 2 {
      let rows = covered(row, by: vertical, of: source.height)
      for column in 0..<(size.width + 1) / 2 {
        let columns = covered(column, by: horizontal, of: source.width)
        var sum = 0
        for y in rows { for x in columns { sum += Int(source.base[y * source.stride + x]) } }
        let count = rows.count * columns.count
        target[row * stride + column] = UInt8((sum + count / 2) / count)
      }
    }
  }

  /// The source samples that lie under target sample `index`.
  private func covered(_ index: Int, by factor: Int, of count: Int) -> Range<Int> {
    let first = min(index * 2 / factor, count - 1)
    return first..<min(first + max(1, 2 / factor), count)
  }
}
