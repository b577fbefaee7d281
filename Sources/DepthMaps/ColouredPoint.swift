public import Geometry

/// A point of a cloud.
public struct ColouredPoint: Hashable, Sendable {
  /// In the frame of the cloud that the point belongs to.
  public var position: SIMD3<Float>
  /// Red, green, blue.
  public var colour: SIMD3<UInt8>
  /// 0…1.
  public var confidence: Float

  public init(position: SIMD3<Float>, colour: SIMD3<UInt8>, confidence: Float) {
    self.position = position
    self.colour = colour
    self.confidence = confidence
  }
}

/// What one key frame saw, in its camera coordinates, so that the cloud moves with the key frame's pose.
public struct KeyFrameCloud: Hashable, Sendable {
  public var points: [ColouredPoint]

  public init(points: [ColouredPoint]) { self.points = points }

  /// - Parameter colour: red, green and blue of a pixel of the key frame.
  public init(_ estimates: [DepthEstimate], colour: (SIMD2<Float>) -> SIMD3<UInt8>) {
    points = estimates.map {
      ColouredPoint(position: $0.pointInCamera, colour: colour($0.pixel), confidence: $0.confidence)
    }
  }
}

extension KeyFrameCloud {
  /// The points in the world.
  public func points(worldFromCamera: SE3) -> [ColouredPoint] {
    points.map { point in
      var moved = point
      moved.position = SIMD3<Float>(worldFromCamera * SIMD3<Double>(point.position))
      return moved
    }
  }
}

/// A key frame's cloud and where it is.
public struct PosedCloud: Hashable, Sendable {
  public var cloud: KeyFrameCloud
  public var worldFromCamera: SE3

  public init(cloud: KeyFrameCloud, worldFromCamera: SE3) {
    self.cloud = cloud
    self.worldFromCamera = worldFromCamera
  }
}
