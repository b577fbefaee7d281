import Detection
import MediaModel
import Testing

@Suite struct PictureColoursTests {
  private func picture(_ resolution: Resolution, _ colour: (y: UInt8, cb: UInt8, cr: UInt8), full: Bool) -> Picture {
    let builder = PictureBuilder(resolution: resolution)
    let chromaRows = (resolution.height + 1) / 2
    builder.luma.update(repeating: colour.y, count: builder.strides.luma * resolution.height)
    builder.cb.update(repeating: colour.cb, count: builder.strides.chroma * chromaRows)
    builder.cr.update(repeating: colour.cr, count: builder.strides.chroma * chromaRows)
    return builder.seal(isFullRange: full)
  }

  /// Pure red, green and blue in ITU-R BT.601 and BT.709, video range, rounded to bytes: within 2 of the corners.
  @Test(arguments: [
    (5, (81, 90, 240), [255, 0, 0]), (5, (145, 54, 34), [0, 255, 0]), (5, (41, 240, 110), [0, 0, 255]),
    (721, (63, 102, 240), [255, 0, 0]), (721, (173, 42, 26), [0, 255, 0]), (721, (32, 240, 118), [0, 0, 255]),
    (5, (16, 128, 128), [0, 0, 0]), (5, (235, 128, 128), [255, 255, 255]),
  ])
  func primariesAreTheCorners(height: Int, colour: (Int, Int, Int), expected: [Int]) {
    let bytes = (y: UInt8(colour.0), cb: UInt8(colour.1), cr: UInt8(colour.2))
    let image = RGBImage(picture(Resolution(width: 3, height: height), bytes, full: false))
    #expect(image.pixels.count == 9 * height)
    for (place, byte) in image.pixels.enumerated() { #expect(abs(Int(byte) - expected[place % 3]) <= 2) }
  }

  @Test func greyOfFullRangeStays() {
    let image = RGBImage(picture(Resolution(width: 4, height: 4), (y: 77, cb: 128, cr: 128), full: true))
    #expect(image.pixels == Array(repeating: 77, count: 48))
  }

  @Test func chromaIsOfTheFourPixelsItWasTakenOf() {
    let builder = PictureBuilder(resolution: Resolution(width: 4, height: 3))
    builder.luma.update(repeating: 100, count: builder.strides.luma * 3)
    builder.cb.update(repeating: 128, count: builder.strides.chroma * 2)
    builder.cr.update(repeating: 128, count: builder.strides.chroma * 2)
    builder.cr[builder.strides.chroma + 1] = 200
    let image = RGBImage(builder.seal(isFullRange: true))
    let reddish = (0..<12).filter { image.pixels[3 * $0] != 100 }
    #expect(reddish == [10, 11])
  }
}
