public import Geometry
public import Vision

/// A picture, and where the camera was that took it.
public struct DepthView: Sendable {
  public var image: GreyImage
  public var cameraFromWorld: SE3

  public init(image: GreyImage, cameraFromWorld: SE3) {
    self.image = image
    self.cameraFromWorld = cameraFromWorld
  }
}
