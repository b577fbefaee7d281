import Vision

/// The picture of a frame, and what is derived from it, each once.
struct FramePicture {
  let pyramid: ImagePyramid
  /// Where corners are. Computed when first asked for, since most frames need none.
  private(set) lazy var strengths = CornerStrengths(of: image)

  init(_ image: GreyImage) { pyramid = ImagePyramid(image, levelCount: 4) }

  var image: GreyImage { pyramid.levels[0] }
}
