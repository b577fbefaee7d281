/// A picture of red, green and blue bytes, interleaved, the rows without gaps.
public struct RGBImage: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// `height × width × 3`.
  public let pixels: [UInt8]

  /// - Precondition: `pixels` has `3 * width * height` bytes.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == 3 * width * height)
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}
