public import MediaModel

extension RGBImage {
  /// A decoded picture in red, green and blue; each chroma sample is that of the four pixels it was taken of.
  ///
  /// - Complexity: O(pixels); one allocation.
  /// - Source: ITU-R BT.601 for small pictures, BT.709 for those from 720 lines on, in 16 bits after the point.
  public init(_ picture: Picture) {
    let (width, height) = (picture.resolution.width, picture.resolution.height)
    let matrix = ColourMatrix(isFullRange: picture.isFullRange, isHighDefinition: height >= 720)
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { result, count in
      picture.withPlanes { luma, cb, cr in
        for row in 0..<height {
          let lumaRow = luma.base + row * luma.stride
          let (cbRow, crRow) = (cb.base + row / 2 * cb.stride, cr.base + row / 2 * cr.stride)
          for column in 0..<width {
            let pixel = matrix.rgb(lumaRow[column], cbRow[column / 2], crRow[column / 2])
            let place = 3 * (row * width + column)
            result[place] = pixel.x
            result[place + 1] = pixel.y
            result[place + 2] = pixel.z
          }
        }
      }
      count = 3 * width * height
    }
    self.init(width: width, height: height, pixels: pixels)
  }
}

/// From luma and chroma to red, green and blue, with 16 bits after the point.
private struct ColourMatrix {
  private let black: Int32
  private let luma: Int32
  private let redOfCr: Int32
  private let greenOfCb: Int32
  private let greenOfCr: Int32
  private let blueOfCb: Int32

  init(isFullRange: Bool, isHighDefinition: Bool) {
    func fixed(_ value: Double) -> Int32 { Int32((value * 65536).rounded()) }
    let (red, blue) = isHighDefinition ? (0.2126, 0.0722) : (0.299, 0.114)
    let green = 1 - red - blue
    let gain = isFullRange ? 1 : 255.0 / 224
    black = isFullRange ? 0 : 16
    luma = fixed(isFullRange ? 1 : 255.0 / 219)
    redOfCr = fixed(2 * (1 - red) * gain)
    blueOfCb = fixed(2 * (1 - blue) * gain)
    greenOfCr = fixed(-2 * red * (1 - red) / green * gain)
    greenOfCb = fixed(-2 * blue * (1 - blue) / green * gain)
  }

  @inline(__always) func rgb(_ y: UInt8, _ cb: UInt8, _ cr: UInt8) -> SIMD3<UInt8> {
    let grey = (Int32(y) &- black) &* luma &+ 32768
    let (cb, cr) = (Int32(cb) &- 128, Int32(cr) &- 128)
    return SIMD3(
      UInt8(clamping: (grey &+ redOfCr &* cr) >> 16),
      UInt8(clamping: (grey &+ greenOfCb &* cb &+ greenOfCr &* cr) >> 16),
      UInt8(clamping: (grey &+ blueOfCb &* cb) >> 16))
  }
}
