/// A picture of 8-bit red, green and blue, as a source of colours.
public struct RGBPicture: Hashable, Sendable {
  public var width: Int
  public var height: Int
  /// Bytes from row to row.
  public var rowStride: Int
  /// Red, green, blue; row after row.
  public var bytes: [UInt8]

  public init(width: Int, height: Int, rowStride: Int, bytes: [UInt8]) {
    self.width = width
    self.height = height
    self.rowStride = rowStride
    self.bytes = bytes
  }

  /// The colour at a pixel, `nil` where the picture has none.
  public func colour(at pixel: SIMD2<Float>) -> SIMD3<UInt8>? {
    let (column, row) = (pixel.x.rounded(), pixel.y.rounded())
    guard column >= 0, row >= 0, column < Float(width), row < Float(height) else { return nil }
    let (offset, overflow) = Int(row).multipliedReportingOverflow(by: rowStride)
    guard !overflow, offset >= 0, offset < bytes.count, offset + 3 * Int(column) + 2 < bytes.count else { return nil }
    let start = offset + 3 * Int(column)
    return SIMD3(bytes[start], bytes[start + 1], bytes[start + 2])
  }
}
