import CTurboJPEG
public import MediaModel

/// Codes pictures as JPEG straight from their planes, without a detour over RGB.
///
/// JPEG files are full range (JFIF 1.02), so pictures in video range are expanded first. Not `Sendable`: it keeps
/// buffers from picture to picture; a 1280×720 picture takes some milliseconds.
public final class JPEGEncoder {
  private let handle: TurboJPEGHandle
  private var planes: ExpandedPlanes?
  private var output: [UInt8] = []

  public init() throws(JPEGError) { handle = try TurboJPEGHandle(tjInitCompress()) }

  /// Codes one picture as JFIF with 4:2:0 chroma.
  /// - Parameter quality: 1 (small) to 100 (good).
  public func encode(_ picture: Picture, quality: Int = 85) throws(JPEGError) -> [UInt8] {
    let size = picture.resolution
    guard !picture.isFullRange else { return try encodePlanes(of: picture, quality: quality) }
    if planes?.resolution != size { planes = ExpandedPlanes(resolution: size) }
    guard let planes else { throw .outOfMemory }
    planes.expand(picture)
    return try compress(bases: planes.bases, strides: planes.strides, size, quality: quality)
  }

  private func encodePlanes(of picture: Picture, quality: Int) throws(JPEGError) -> [UInt8] {
    try picture.withPlanes { luma, cb, cr throws(JPEGError) in
      try compress(
        bases: [luma.base, cb.base, cr.base], strides: [Int32(luma.stride), Int32(cb.stride), Int32(cr.stride)],
        picture.resolution, quality: quality)
    }
  }

  private func compress(
    bases: [UnsafePointer<UInt8>?], strides: [Int32], _ size: Resolution, quality: Int
  ) throws(JPEGError) -> [UInt8] {
    let subsampling = Int32(TJSAMP_420.rawValue)
    let capacity = Int(tjBufSize(Int32(clamping: size.width), Int32(clamping: size.height), subsampling))
    guard capacity > 0 else { throw .encoding(size, reason: "size out of range") }
    if output.count < capacity { output = [UInt8](repeating: 0, count: capacity) }
    var bases = bases
    var written = UInt(output.count)
    let status = output.withUnsafeMutableBufferPointer { buffer in
      var target = buffer.baseAddress
      return tjCompressFromYUVPlanes(
        handle.pointer, &bases, Int32(size.width), strides, Int32(size.height), subsampling, &target, &written,
        Int32(min(max(quality, 1), 100)), TJFLAG_NOREALLOC)
    }
    guard status == 0 else { throw .encoding(size, reason: handle.lastError) }
    return Array(output[..<Int(written)])
  }
}

/// Room for a picture whose range was expanded from 16…235 (chroma 16…240) to 0…255.
private final class ExpandedPlanes {
  let resolution: Resolution
  private let memory: UnsafeMutablePointer<UInt8>
  private let lumaBytes: Int
  private let chromaBytes: Int

  init(resolution: Resolution) {
    self.resolution = resolution
    lumaBytes = resolution.width * resolution.height
    chromaBytes = ((resolution.width + 1) / 2) * ((resolution.height + 1) / 2)
    memory = .allocate(capacity: lumaBytes + 2 * chromaBytes)
  }

  deinit { memory.deallocate() }

  var bases: [UnsafePointer<UInt8>?] {
    [UnsafePointer(memory), UnsafePointer(memory + lumaBytes), UnsafePointer(memory + lumaBytes + chromaBytes)]
  }

  var strides: [Int32] {
    let chroma = Int32((resolution.width + 1) / 2)
    return [Int32(resolution.width), chroma, chroma]
  }

  func expand(_ picture: Picture) {
    picture.withPlanes { luma, cb, cr in
      Self.map(luma, to: memory, through: Self.lumaTable)
      Self.map(cb, to: memory + lumaBytes, through: Self.chromaTable)
      Self.map(cr, to: memory + lumaBytes + chromaBytes, through: Self.chromaTable)
    }
  }

  /// ITU-R BT.601 §2.5: 219 steps of luma from black at 16, 224 of chroma around 128.
  private static let lumaTable = table { (Double($0) - 16) * 255 / 219 }
  private static let chromaTable = table { (Double($0) - 128) * 255 / 224 + 128 }

  private static func table(_ value: (Int) -> Double) -> [UInt8] {
    (0..<256).map { UInt8(min(max(value($0).rounded(), 0), 255)) }
  }

  private static func map(_ plane: Picture.Plane, to target: UnsafeMutablePointer<UInt8>, through table: [UInt8]) {
    table.withUnsafeBufferPointer { table in
      for row in 0..<plane.height {
        let source = plane.base + row * plane.stride
        let line = target + row * plane.width
        for column in 0..<plane.width { line[column] = table[Int(source[column])] }
      }
    }
  }
}
