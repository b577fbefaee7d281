public import BusMessages
public import MediaModel

extension SessionEvent {
  /// How the camera maps directions to pixels, from now on.
  public struct Camera: Hashable, Sendable {
    /// How its lens bends lines. Source: the models of OpenCV.
    public enum Distortion: Hashable, Sendable {
      case none
      /// k1, k2, p1, p2.
      case radialTangential(SIMD4<Double>)
      /// k1, k2, k3, k4 of the angle to the axis.
      case fisheye(SIMD4<Double>)
    }

    /// Sides of a picture that H.264 can have.
    private static let longestSide = 16_384

    public var time: WallTime
    /// Pixels.
    public var focalLength: SIMD2<Double>
    /// Pixels.
    public var principalPoint: SIMD2<Double>
    public var resolution: Resolution
    public var distortion: Distortion

    public init(
      time: WallTime, focalLength: SIMD2<Double>, principalPoint: SIMD2<Double>, resolution: Resolution,
      distortion: Distortion = .none
    ) {
      self.time = time
      self.focalLength = focalLength
      self.principalPoint = principalPoint
      self.resolution = resolution
      self.distortion = distortion
    }

    /// The lens that a pose names; `nil` of what is none.
    public init?(_ lens: CameraPose.Lens, at time: WallTime) {
      let numbers = [lens.fx, lens.fy, lens.cx, lens.cy] + lens.distortion
      guard lens.distortion.count == 4, numbers.allSatisfy(\.isFinite), lens.fx > 0, lens.fy > 0,
        (1...Self.longestSide).contains(lens.width), (1...Self.longestSide).contains(lens.height)
      else { return nil }
      let bends = SIMD4(lens.distortion)
      let isFisheye = lens.model.hasPrefix("fisheye")
      self.init(
        time: time, focalLength: SIMD2(lens.fx, lens.fy), principalPoint: SIMD2(lens.cx, lens.cy),
        resolution: Resolution(width: lens.width, height: lens.height),
        distortion: isFisheye ? .fisheye(bends) : bends == .zero ? .none : .radialTangential(bends))
    }

    /// Whether it is the same camera, whenever that was said.
    public func maps(as other: Camera) -> Bool {
      var other = other
      other.time = time
      return self == other
    }
  }
}
