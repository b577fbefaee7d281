import Geometry

/// Between which inverse depths to search, by regions of the picture: what landmarks tell.
struct DepthRanges {
  /// Inverse depths; `near` is the greater.
  struct Range: Hashable {
    var far: Float
    var near: Float
  }

  /// Side of a region, pixels.
  static let side = 64
  /// Fewer landmarks in the picture give no range at all.
  static let minimalCount = 8
  /// Fewer landmarks in and around a region say nothing of their own about it.
  private static let minimalLocalCount = 5

  private let columns: Int
  private let ranges: [Range]

  /// - Parameter landmarks: points of the world.
  /// - Returns: `nil` when the view sees too few.
  init?(_ landmarks: [SIMD3<Double>], cameraFromWorld: SE3, camera: CameraModel) {
    let columns = (max(camera.width, 1) - 1) / Self.side + 1
    let rows = (max(camera.height, 1) - 1) / Self.side + 1
    var cells = [[Float]](repeating: [], count: columns * rows)
    for landmark in landmarks {
      let point = cameraFromWorld * landmark
      guard let pixel = camera.project(point), camera.contains(pixel: pixel) else { continue }
      let inverse = Float(1 / point.z)
      guard inverse.isFinite, inverse > 0 else { continue }
      cells[max(Int(pixel.y), 0) / Self.side * columns + max(Int(pixel.x), 0) / Self.side].append(inverse)
    }
    let all = cells.flatMap { $0 }.sorted()
    guard all.count >= Self.minimalCount else { return nil }
    let whole = Range(far: all[all.count / 50] * 0.5, near: all[all.count - 1 - all.count / 50] * 1.5)
    self.columns = columns
    ranges = cells.indices.map { cell in
      let (column, row) = (cell % columns, cell / columns)
      var around: [Float] = []
      for y in max(row - 1, 0)...min(row + 1, rows - 1) {
        for x in max(column - 1, 0)...min(column + 1, columns - 1) { around += cells[y * columns + x] }
      }
      guard around.count >= Self.minimalLocalCount, let least = around.min(), let greatest = around.max() else {
        return whole
      }
      let (far, near) = (max(whole.far, least * 0.6), min(whole.near, greatest * 1.5))
      return far < near ? Range(far: far, near: near) : whole
    }
  }

  /// The range at a pixel of the picture.
  @inline(__always)
  func range(x: Int, y: Int) -> Range { ranges[y / Self.side * columns + x / Self.side] }
}
