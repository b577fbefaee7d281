internal import Geometry
internal import MediaModel

/// Points of a map as a frame shows them, to be asked how far an object is.
struct PointView {
  private var points: [(pixel: SIMD2<Double>, distance: Double)] = []

  /// - Parameter points: in the map's axes.
  init(_ points: [SIMD3<Double>], in frame: MapFrame) {
    guard let cameraFromWorld = frame.worldFromCamera?.inverse else { return }
    let rotation = cameraFromWorld.rotation.matrix
    // Wider than any lens: points that are further out need no projection.
    let reach = 2 * Double(max(frame.camera.width, frame.camera.height)) / frame.camera.focalLength.x
    for point in points {
      let inCamera = rotation * point + cameraFromWorld.translation
      guard inCamera.z > 0, abs(inCamera.x) < reach * inCamera.z, abs(inCamera.y) < reach * inCamera.z,
        let pixel = frame.camera.project(inCamera), frame.camera.contains(pixel: pixel)
      else { continue }
      self.points.append((pixel, inCamera.norm))
    }
  }

  /// Points that a range needs.
  private static let minimalPoints = 4

  /// The distance of the nearest surface in an object's mask that has a good part of the points in it. Points behind
  /// may shine through: a map knows of no surfaces.
  /// - Parameter halfSize: of the object, given its distance: so far is its middle behind what is seen of it.
  func range(of sighting: ObjectSighting, halfSize: (_ distance: Double) -> Double) -> Ray.Range? {
    let (box, mask) = (sighting.box, sighting.mask.map(MaskLookup.init))
    // Of a box the edges show what is behind.
    let inset = mask == nil ? 0.15 : 0
    let (width, height) = (box.z - box.x, box.w - box.y)
    var distances: [Double] = []
    for (pixel, distance) in points {
      guard pixel.x > box.x + inset * width - 0.5, pixel.x < box.z - inset * width - 0.5,
        pixel.y > box.y + inset * height - 0.5, pixel.y < box.w - inset * height - 0.5
      else { continue }
      if let mask, !mask.contains(pixel) { continue }
      distances.append(distance)
    }
    guard distances.count >= Self.minimalPoints else { return nil }
    distances.sort()
    // The nearest group that holds a quarter of the points, of the thickness that the object has.
    let needed = max(Self.minimalPoints - 1, distances.count / 4)
    for first in distances.indices.dropLast(needed - 1) {
      let half = halfSize(distances[first])
      let limit = distances[first] + max(2 * half, 0.02 * distances[first])
      guard distances[first + needed - 1] <= limit else { continue }
      let group = distances[first...].prefix { $0 <= limit }
      guard let middle = median(Array(group)) else { return nil }
      let spread = median(group.map { abs($0 - middle) }) ?? 0
      let deviation = max(0.02 * middle, 0.6 * half, 1.5 * spread)
      return Ray.Range(distance: middle + 0.8 * half, deviation: deviation, method: .depth)
    }
    return nil
  }
}

/// Finds single pixels in a mask.
struct MaskLookup {
  private let resolution: Resolution
  /// Where each run ends.
  private let ends: [Int]

  init(_ mask: RunLengthMask) {
    resolution = mask.resolution
    var (ends, sum) = ([Int](), 0)
    for run in mask.runs {
      sum += run
      ends.append(sum)
    }
    self.ends = ends
  }

  func contains(_ pixel: SIMD2<Double>) -> Bool {
    let (x, y) = (Int(pixel.x.rounded()), Int(pixel.y.rounded()))
    guard (0..<resolution.width).contains(x), (0..<resolution.height).contains(y) else { return false }
    let position = x * resolution.height + y
    var (low, high) = (0, ends.count)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > position { high = middle } else { low = middle + 1 }
    }
    return low % 2 == 1
  }
}

extension RunLengthMask {
  /// The mean of its pixels; `nil` for an empty one.
  var centroid: SIMD2<Double>? {
    var (sum, count, position) = (SIMD2<Double>.zero, 0.0, 0)
    for (index, run) in runs.enumerated() {
      defer { position += run }
      guard index % 2 == 1, run > 0 else { continue }
      var (start, left) = (position, run)
      while left > 0 {
        let (column, row) = (start / resolution.height, start % resolution.height)
        let piece = min(left, resolution.height - row)
        let middle = Double(row) + Double(piece - 1) / 2
        sum += Double(piece) * SIMD2(Double(column), middle)
        count += Double(piece)
        (start, left) = (start + piece, left - piece)
      }
    }
    return count > 0 ? sum / count : nil
  }
}
