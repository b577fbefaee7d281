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
  /// Chroma of the whole picture at half its size, without gaps.
  let chroma: (cb: GreyImage, cr: GreyImage)

  init(_ picture: Picture, workingWidth: Int) {
    var (image, cb, cr) = picture.withPlanes { luma, cb, cr in
      func copy(_ plane: Picture.Plane) -> GreyImage {
        GreyImage(width: plane.width, height: plane.height, base: plane.base, stride: plane.stride)
      }
      return (copy(luma), copy(cb), copy(cr))
    }
    var scale = 1
    while image.width > workingWidth {
      image = image.halved
      scale *= 2
    }
    self.init(image, scale: scale, chroma: (cb, cr))
  }

  init(_ image: GreyImage, scale: Int, chroma: (cb: GreyImage, cr: GreyImage)) {
    self.image = image
    self.scale = scale
    self.chroma = chroma
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
