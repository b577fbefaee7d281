import Foundation
import JPEG
import MediaModel
import TestSupport
import Testing

/// A gradient in luma with flat chroma, in the given range of luma.
private func gradient(_ size: Resolution, from low: Int, to high: Int, isFullRange: Bool) -> Picture {
  let builder = PictureBuilder(resolution: size)
  for row in 0..<size.height {
    for column in 0..<size.width {
      builder.luma[row * builder.strides.luma + column] = UInt8(low + (high - low) * column / (size.width - 1))
    }
  }
  for row in 0..<(size.height + 1) / 2 {
    for column in 0..<(size.width + 1) / 2 {
      builder.cb[row * builder.strides.chroma + column] = 90
      builder.cr[row * builder.strides.chroma + column] = 150
    }
  }
  return builder.seal(isFullRange: isFullRange)
}

private struct Means: Equatable {
  var luma: Double
  var cb: Double
  var cr: Double
  var darkest: UInt8
  var brightest: UInt8

  init(_ picture: Picture) {
    func samples(_ plane: Picture.Plane) -> [UInt8] {
      (0..<plane.height).flatMap { row in (0..<plane.width).map { plane.base[row * plane.stride + $0] } }
    }
    func mean(_ values: [UInt8]) -> Double { Double(values.reduce(0) { $0 + Int($1) }) / Double(values.count) }
    let planes = picture.withPlanes { luma, cb, cr in [samples(luma), samples(cb), samples(cr)] }
    (luma, cb, cr) = (mean(planes[0]), mean(planes[1]), mean(planes[2]))
    (darkest, brightest) = (planes[0].min() ?? 0, planes[0].max() ?? 0)
  }
}

@Suite struct JPEGTests {
  @Test func videoRangeIsExpandedToTheFullRangeOfJPEG() throws {
    let picture = gradient(Resolution(width: 320, height: 180), from: 16, to: 235, isFullRange: false)
    let decoded = try JPEGDecoder().decode(JPEGEncoder().encode(picture, quality: 95))
    #expect(decoded.isFullRange)
    #expect(decoded.resolution == picture.resolution)
    let (before, after) = (Means(picture), Means(decoded))
    // Black and white of the video are black and white of the image; 2 is what quality 95 rounds away.
    #expect(after.darkest <= 2 && after.brightest >= 253)
    #expect(abs(after.luma - (before.luma - 16) * 255 / 219) < 1)
    #expect(abs(after.cb - ((90 - 128) * 255 / 224 + 128)) < 1)
    #expect(abs(after.cr - ((150 - 128) * 255 / 224 + 128)) < 1)
  }

  @Test func fullRangeStaysAsItIs() throws {
    let picture = gradient(Resolution(width: 320, height: 180), from: 0, to: 255, isFullRange: true)
    let decoded = try JPEGDecoder().decode(JPEGEncoder().encode(picture, quality: 95))
    let (before, after) = (Means(picture), Means(decoded))
    #expect(abs(after.luma - before.luma) < 0.5)
    #expect(abs(after.cb - 90) < 1 && abs(after.cr - 150) < 1)
  }

  @Test(arguments: [
    Resolution(width: 1, height: 1), Resolution(width: 17, height: 9), Resolution(width: 854, height: 481),
  ])
  func oddSizesKeepTheirSize(size: Resolution) throws {
    let builder = PictureBuilder(resolution: size)
    builder.luma.update(repeating: 100, count: builder.strides.luma * size.height)
    builder.cb.update(repeating: 128, count: builder.strides.chroma * ((size.height + 1) / 2))
    builder.cr.update(repeating: 128, count: builder.strides.chroma * ((size.height + 1) / 2))
    let decoded = try JPEGDecoder().decode(JPEGEncoder().encode(builder.seal(isFullRange: true)))
    #expect(decoded.resolution == size)
    #expect(abs(Means(decoded).luma - 100) <= 1)
  }

  @Test func betterQualityTakesMoreBytes() throws {
    let picture = gradient(Resolution(width: 320, height: 180), from: 16, to: 235, isFullRange: false)
    let encoder = try JPEGEncoder()
    let (small, large) = (try encoder.encode(picture, quality: 20), try encoder.encode(picture, quality: 98))
    #expect(small.count < large.count)
    // One encoder serves pictures of many sizes, without remnants of those before.
    _ = try encoder.encode(gradient(Resolution(width: 64, height: 48), from: 16, to: 99, isFullRange: false))
    #expect(try encoder.encode(picture, quality: 20) == small)
  }

  @Test func brokenImagesAreRefusedWithAReason() throws {
    let picture = gradient(Resolution(width: 320, height: 180), from: 16, to: 235, isFullRange: false)
    let image = try JPEGEncoder().encode(picture)
    let decoder = try JPEGDecoder()
    #expect(throws: JPEGError.self) { try decoder.decode([]) }
    #expect(throws: JPEGError.self) { try decoder.decode(Array(repeating: 0x55, count: 400)) }
    #expect(throws: JPEGError.self) { try decoder.decode(Array(image.prefix(image.count / 2))) }
    #expect(throws: JPEGError.tooLarge(picture.resolution, limitPixels: 1000)) {
      try JPEGDecoder(limitPixels: 1000).decode(image)
    }
    #expect(try decoder.decode(image).resolution == picture.resolution)
  }

  @Test(.enabled(if: TestData.root != nil, "test data is absent: set WORLDSYSTEM_TEST_DATA"))
  func aPhotographOfAnotherSoftwareDecodes() throws {
    let path = try #require(TestData.url("models/people.jpg")?.path)
    let picture = try JPEGDecoder().decode(Array(Data(contentsOf: URL(filePath: path))))
    #expect(picture.resolution.width > 100 && picture.resolution.height > 100)
    // People on a meadow: neither black nor white, and colours around neutral.
    let means = Means(picture)
    #expect((40...215).contains(means.luma) && (100...156).contains(means.cb) && (100...156).contains(means.cr))
  }
}
