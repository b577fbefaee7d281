public import Geometry

/// The depths of a view, by its pixels, against which those of another view are held.
public struct DepthConsistency: Sendable {
  /// What another view says about a point.
  public enum Verdict: Hashable, Sendable {
    /// It found a surface where the point is.
    case confirmed
    /// It found only others in that direction.
    case contradicted
    /// It found nothing there.
    case unseen
  }

  /// Difference of depth that still counts as the same surface, as a share of the depth.
  public var tolerance: Float = 0.03
  private let camera: CameraModel
  private let cameraFromWorld: SE3
  private let columns: Int
  private let rows: Int
  /// Inverse depth of the most trusted estimate of each cell; 0 where there is none.
  private var cells: [Float]
  private static let side = 4

  /// - Parameters:
  ///   - estimates: of the view whose camera was at `cameraFromWorld`.
  public init(_ estimates: [DepthEstimate], cameraFromWorld: SE3, camera: CameraModel) {
    (self.camera, self.cameraFromWorld) = (camera, cameraFromWorld)
    columns = max(camera.width, 0) / Self.side + 1
    rows = max(camera.height, 0) / Self.side + 1
    cells = [Float](repeating: 0, count: columns * rows)
    var confidences = [Float](repeating: -1, count: columns * rows)
    for estimate in estimates {
      guard let cell = cell(SIMD2<Double>(estimate.pixel)), estimate.confidence > confidences[cell] else { continue }
      confidences[cell] = estimate.confidence
      cells[cell] = estimate.inverseDepth
    }
  }

  private func cell(_ pixel: SIMD2<Double>) -> Int? {
    guard camera.contains(pixel: pixel) else { return nil }
    return max(Int(pixel.y), 0) / Self.side * columns + max(Int(pixel.x), 0) / Self.side
  }

  /// What the view says about a point of the world; it looks at the point's cell of 4×4 pixels and the eight around it.
  public func verdict(on pointInWorld: SIMD3<Double>) -> Verdict {
    let point = cameraFromWorld * pointInWorld
    guard let pixel = camera.project(point), let cell = cell(pixel) else { return .unseen }
    let (column, row) = (cell % columns, cell / columns)
    var others = 0
    for y in max(row - 1, 0)...min(row + 1, rows - 1) {
      for x in max(column - 1, 0)...min(column + 1, columns - 1) where cells[y * columns + x] > 0 {
        if abs(cells[y * columns + x] * Float(point.z) - 1) <= tolerance { return .confirmed }
        others += 1
      }
    }
    return others >= 2 ? .contradicted : .unseen
  }

  /// Those estimates of a view that no more of the other views contradict than confirm, in their order.
  ///
  /// - Parameter minimalConfirmations: how many of the others have to confirm an estimate.
  public static func consistent(
    _ estimates: [DepthEstimate], cameraFromWorld: SE3, with others: [DepthConsistency], minimalConfirmations: Int = 0
  ) -> [DepthEstimate] {
    let worldFromCamera = cameraFromWorld.inverse
    return estimates.filter { estimate in
      let point = worldFromCamera * SIMD3<Double>(estimate.pointInCamera)
      var (confirmations, contradictions) = (0, 0)
      for other in others {
        switch other.verdict(on: point) {
        case .confirmed: confirmations += 1
        case .contradicted: contradictions += 1
        case .unseen: break
        }
      }
      return confirmations >= minimalConfirmations && contradictions <= confirmations
    }
  }
}
