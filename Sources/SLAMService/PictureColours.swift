internal import MediaModel

/// Colours of a decoded picture.
struct PictureColours {
  private let picture: Picture

  init(_ picture: Picture) { self.picture = picture }

  /// Red, green and blue at a place.
  /// - Parameters:
  ///   - x: 0…1 from the left edge of the picture to the right.
  ///   - y: 0…1 from the top edge to the bottom.
  func colour(x: Double, y: Double) -> SIMD3<UInt8> {
    picture.withPlanes { luma, cb, cr in
      let (column, row) = (Self.index(x, luma.width), Self.index(y, luma.height))
      let chroma = min(row / 2, cb.height - 1) * cb.stride + min(column / 2, cb.width - 1)
      let chromaOfCr = min(row / 2, cr.height - 1) * cr.stride + min(column / 2, cr.width - 1)
      return Self.rgb(
        Double(luma.base[row * luma.stride + column]), Double(cb.base[chroma]) - 128,
        Double(cr.base[chromaOfCr]) - 128, isFullRange: picture.isFullRange, isHD: luma.height >= 720)
    }
  }

  private static func index(_ fraction: Double, _ count: Int) -> Int {
    min(max(Int(fraction * Double(count)), 0), count - 1)
  }

  /// Source: ITU-R BT.601 for small pictures, BT.709 for those from 720 lines on.
  private static func rgb(
    _ luma: Double, _ cb: Double, _ cr: Double, isFullRange: Bool, isHD: Bool
  ) -> SIMD3<UInt8> {
    let y = isFullRange ? luma : (luma - 16) * 255 / 219
    let gain = isFullRange ? 1 : 255.0 / 224
    let (red, blue) = isHD ? (0.2126, 0.0722) : (0.299, 0.114)
    let r = y + 2 * (1 - red) * cr * gain
    let b = y + 2 * (1 - blue) * cb * gain
    let g = (y - red * r - blue * b) / (1 - red - blue)
    func byte(_ value: Double) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
    return SIMD3(byte(r), byte(g), byte(b))
  }
}
