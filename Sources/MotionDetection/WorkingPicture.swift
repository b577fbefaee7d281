import MediaModel
import Vision

/// The luma of a picture at the size that motion is looked for at, and its halves, as numbers that alignment reads.
///
/// The picture is halved until it is at most ``MotionOptions/workingWidth`` pixels wide.
struct WorkingPicture: Sendable {
  /// One level: rows of `width` values without gaps.
  struct Level: Sendable {
    var width: Int
    var height: Int
    var values: [Float]
  }

  /// The size that motion is looked for at.
  let image: GreyImage
  /// `image`, its half and its quarter.
  let levels: [Level]
  /// Pixels of the whole picture in one of `image`, either way.
  let scale: Int

  init(_ picture: Picture, workingWidth: Int) {
    var image = picture.withPlanes { luma, _, _ in
      GreyImage(width: luma.width, height: luma.height, base: luma.base, stride: luma.stride)
    }
    var scale = 1
    while image.width > workingWidth {
      image = image.halved
      scale *= 2
    }
    self.init(image, scale: scale)
  }

  init(_ image: GreyImage, scale: Int) {
    self.image = image
    self.scale = scale
    var levels: [Level] = []
    var current = image
    for level in 0..<PatchAligner.levelCount {
      if level > 0 { current = current.halved }
      levels.append(Level(current))
      guard min(current.width, current.height) / 2 >= 3 * PatchAligner.side else { break }
    }
    self.levels = levels
  }
}

extension WorkingPicture.Level {
  init(_ image: GreyImage) {
    (width, height) = (image.width, image.height)
    values = [Float](unsafeUninitializedCapacity: image.pixels.count) { target, count in
      image.pixels.withUnsafeBufferPointer { source in
        for index in 0..<source.count { target.initializeElement(at: index, to: Float(source[index])) }
      }
      count = image.pixels.count
    }
  }
}
