/// A decoded picture, 8-bit planar YCbCr 4:2:0, immutable and shared by reference.
///
/// Plane 0 is luma, `height` rows of `width` bytes; planes 1 and 2 are Cb and Cr, `(height+1)/2` rows of
/// `(width+1)/2` bytes. Rows are `stride` bytes apart. Video range (16…235) unless `isFullRange`.
// Safe because the memory is written only through `PictureBuilder`, before `seal()` hands it out, or is owned by a
// decoder frame that nobody writes to once it is wrapped.
public final class Picture: @unchecked Sendable {
  /// One plane of a picture.
  public struct Plane {
    /// The first byte of the first row.
    public let base: UnsafePointer<UInt8>
    /// Bytes from one row to the next, at least `width`.
    public let stride: Int
    public let width: Int
    public let height: Int
  }

  public let resolution: Resolution
  /// Whether luma spans 0…255 (JPEG range) rather than 16…235.
  public let isFullRange: Bool
  private let bases: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>)
  private let strides: (Int, Int, Int)
  private let release: () -> Void

  /// Wraps planes that somebody else allocated.
  /// - Parameters:
  ///   - bases: the first bytes of Y, Cb and Cr; valid, and not written to, until `release` is called.
  ///   - strides: bytes from row to row of each plane.
  ///   - release: gives the memory back; called once, on any thread.
  public init(
    resolution: Resolution, isFullRange: Bool = false,
    bases: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>), strides: (Int, Int, Int),
    release: @escaping () -> Void
  ) {
    self.resolution = resolution
    self.isFullRange = isFullRange
    self.bases = bases
    self.strides = strides
    self.release = release
  }

  deinit { release() }

  /// Width and height of the chroma planes.
  public var chromaResolution: Resolution {
    Resolution(width: (resolution.width + 1) / 2, height: (resolution.height + 1) / 2)
  }

  /// Gives the planes Y, Cb, Cr to `body`. The pointers are valid during the call only.
  public func withPlanes<Result, Failure: Error>(
    _ body: (_ luma: Plane, _ cb: Plane, _ cr: Plane) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let chroma = chromaResolution
    return try body(
      Plane(base: bases.0, stride: strides.0, width: resolution.width, height: resolution.height),
      Plane(base: bases.1, stride: strides.1, width: chroma.width, height: chroma.height),
      Plane(base: bases.2, stride: strides.2, width: chroma.width, height: chroma.height))
  }
}

/// The only writer of a new picture. `seal()` ends the writing and yields the immutable `Picture`.
public struct PictureBuilder: ~Copyable {
  public let resolution: Resolution
  /// Bytes from row to row of luma and of each chroma plane, multiples of 32.
  public let strides: (luma: Int, chroma: Int)
  /// The planes, writable, each aligned to 32 bytes.
  public let luma: UnsafeMutablePointer<UInt8>
  public let cb: UnsafeMutablePointer<UInt8>
  public let cr: UnsafeMutablePointer<UInt8>
  private let allocation: UnsafeMutableRawPointer

  /// Allocates planes for `resolution`; their content is undefined.
  /// - Precondition: width and height are at least 1.
  public init(resolution: Resolution) {
    precondition(resolution.width > 0 && resolution.height > 0, "a picture has at least one pixel")
    self.resolution = resolution
    let lumaStride = (resolution.width + 31) & ~31
    let chromaStride = ((resolution.width + 1) / 2 + 31) & ~31
    let chromaRows = (resolution.height + 1) / 2
    strides = (lumaStride, chromaStride)
    let lumaBytes = lumaStride * resolution.height
    let chromaBytes = chromaStride * chromaRows
    allocation = .allocate(byteCount: lumaBytes + 2 * chromaBytes + 32, alignment: 32)
    luma = allocation.assumingMemoryBound(to: UInt8.self)
    cb = luma + lumaBytes
    cr = cb + chromaBytes
  }

  deinit { allocation.deallocate() }

  /// Ends the writing.
  public consuming func seal(isFullRange: Bool = false) -> Picture {
    let (memory, size, steps) = (allocation, resolution, strides)
    let bases = (UnsafePointer(luma), UnsafePointer(cb), UnsafePointer(cr))
    discard self
    return Picture(
      resolution: size, isFullRange: isFullRange, bases: bases, strides: (steps.luma, steps.chroma, steps.chroma),
      release: { memory.deallocate() })
  }
}
