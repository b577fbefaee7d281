internal import Geometry
internal import MediaModel
import Vision

extension GreyImage {
  /// The brightness of a picture, halved so many times.
  init(_ picture: Picture, halvings: Int) {
    var image = picture.withPlanes { luma, _, _ in
      GreyImage(width: luma.width, height: luma.height, base: luma.base, stride: luma.stride)
    }
    for _ in 0..<halvings { image = image.halved }
    self = image
  }
}

extension CameraModel {
  /// The camera of pictures of half the size, as `GreyImage.halved` makes them.
  var halved: CameraModel { scaled(by: 0.5, width: max(1, width / 2), height: max(1, height / 2)) }

  /// The camera for pictures of a resolution, when it has the same shape as those that this camera describes.
  func fitting(_ resolution: Resolution) -> CameraModel? {
    if width == resolution.width, height == resolution.height { return self }
    let factor = Double(resolution.width) / Double(width)
    guard abs(factor * Double(height) - Double(resolution.height)) <= 1 else { return nil }
    return scaled(by: factor, width: resolution.width, height: resolution.height)
  }
}
