import Geometry

/// Fuses clouds of key frames to one in which each voxel holds one point at most.
public struct VoxelFilter: Hashable, Sendable {
  /// Side of a voxel, in the poses' unit of length.
  public var size: Double
  /// Whether a voxel needs points of two key frames, in it or in the 26 voxels around it, or else a point of at least
  /// `sufficientConfidence`.
  public var demandsSupport = false
  /// The confidence at which a point needs no second key frame.
  public var sufficientConfidence: Float = 0.9
  /// How many points remain at most: those of the highest confidence; among equals, in the order of the voxels.
  public var maximalCount = 1_000_000

  /// - Parameter size: side of a voxel; nothing comes out where it is not positive and finite.
  public init(size: Double) { self.size = size }

  /// A point on its way to its voxel.
  private struct Entry {
    var voxel: UInt64
    var cloud: Int32
    var point: ColouredPoint

    /// A total order by content alone, so that the clouds' order does not show in rounding.
    static func precedes(_ a: Entry, _ b: Entry) -> Bool {
      if a.voxel != b.voxel { return a.voxel < b.voxel }
      let (p, q) = (a.point.position, b.point.position)
      if p.x != q.x { return p.x < q.x }
      if p.y != q.y { return p.y < q.y }
      if p.z != q.z { return p.z < q.z }
      if a.point.confidence != b.point.confidence { return a.point.confidence < b.point.confidence }
      let (c, d) = (a.point.colour, b.point.colour)
      return (c.x, c.y, c.z) < (d.x, d.y, d.z)
    }
  }

  /// What a voxel holds.
  private struct Voxel {
    var key: UInt64
    var point: ColouredPoint
    var highestConfidence: Float
    /// A cloud that has a point here.
    var cloud: Int32
    var hasSeveralClouds: Bool
  }

  /// One point for each voxel: the means of position and colour, weighted by confidence, and the highest confidence.
  ///
  /// Points that are not finite, that have no confidence or lie more than 2²⁰ voxels from the origin are left out.
  /// - Returns: in the order of the voxels (z, then y, then x), in world coordinates. The order of the clouds makes no
  ///   difference.
  /// - Complexity: O(n log n) in the number of points.
  public func fuse(_ clouds: [PosedCloud]) -> [ColouredPoint] {
    guard size > 0, size.isFinite, maximalCount > 0 else { return [] }
    let voxels = voxels(entries(clouds))
    var kept = voxels.indices.filter { !demandsSupport || isSupported(voxels[$0], among: voxels) }
    if kept.count > maximalCount {
      kept.sort {
        let (a, b) = (voxels[$0].highestConfidence, voxels[$1].highestConfidence)
        return a != b ? a > b : $0 < $1
      }
      kept = kept.prefix(maximalCount).sorted()
    }
    return kept.map { voxels[$0].point }
  }

  private func entries(_ clouds: [PosedCloud]) -> [Entry] {
    var entries: [Entry] = []
    entries.reserveCapacity(clouds.reduce(0) { $0 + $1.cloud.points.count })
    for (index, posed) in clouds.enumerated() {
      let rotation = posed.worldFromCamera.rotation.matrix
      for point in posed.cloud.points {
        let position = rotation * SIMD3<Double>(point.position) + posed.worldFromCamera.translation
        guard let key = key(position), point.confidence > 0, point.confidence.isFinite else { continue }
        let inWorld = ColouredPoint(
          position: SIMD3<Float>(position), colour: point.colour, confidence: min(point.confidence, 1))
        entries.append(Entry(voxel: key, cloud: Int32(truncatingIfNeeded: index), point: inWorld))
      }
    }
    entries.sort(by: Entry.precedes)
    return entries
  }

  /// 21 bits for each axis, z on top; `nil` outside.
  private func key(_ position: SIMD3<Double>) -> UInt64? {
    let cell = (position / size).rounded(.down)
    let limit = Self.halfRange
    guard abs(cell.x) < limit, abs(cell.y) < limit, abs(cell.z) < limit else { return nil }
    let (x, y, z) = (UInt64(cell.x + limit), UInt64(cell.y + limit), UInt64(cell.z + limit))
    return z << 42 | y << 21 | x
  }

  private static let halfRange = Double(1 << 20)

  private func voxels(_ entries: [Entry]) -> [Voxel] {
    var voxels: [Voxel] = []
    var start = 0
    while start < entries.count {
      var end = start + 1
      while end < entries.count, entries[end].voxel == entries[start].voxel { end += 1 }
      voxels.append(mean(entries[start..<end]))
      start = end
    }
    return voxels
  }

  /// - Precondition: at least one entry.
  private func mean(_ entries: ArraySlice<Entry>) -> Voxel {
    var (position, colour) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
    var (weights, highest) = (0.0, Float(0))
    let first = entries[entries.startIndex]
    var hasSeveralClouds = false
    for entry in entries {
      let weight = Double(entry.point.confidence)
      position += weight * SIMD3<Double>(entry.point.position)
      colour += weight * SIMD3<Double>(entry.point.colour)
      weights += weight
      highest = max(highest, entry.point.confidence)
      if entry.cloud != first.cloud { hasSeveralClouds = true }
    }
    let rounded = (colour / weights).rounded(.toNearestOrEven).clamped(
      lowerBound: .zero, upperBound: SIMD3(255, 255, 255))
    let point = ColouredPoint(
      position: SIMD3<Float>(position / weights),
      colour: SIMD3(UInt8(rounded.x), UInt8(rounded.y), UInt8(rounded.z)), confidence: highest)
    return Voxel(
      key: first.voxel, point: point, highestConfidence: highest, cloud: first.cloud,
      hasSeveralClouds: hasSeveralClouds)
  }

  private func isSupported(_ voxel: Voxel, among voxels: [Voxel]) -> Bool {
    if voxel.hasSeveralClouds || voxel.highestConfidence >= sufficientConfidence { return true }
    for z in -1...1 {
      for y in -1...1 {
        // Three voxels beside one another in x follow one another.
        let middle = Int64(voxel.key) + Int64(z) << 42 + Int64(y) << 21
        guard middle > 0 else { continue }
        var index = lowerBound(UInt64(middle - 1), voxels)
        while index < voxels.count, voxels[index].key <= UInt64(middle + 1) {
          if voxels[index].hasSeveralClouds || voxels[index].cloud != voxel.cloud { return true }
          index += 1
        }
      }
    }
    return false
  }

  /// The first voxel whose key is not below `key`.
  private func lowerBound(_ key: UInt64, _ voxels: [Voxel]) -> Int {
    var (low, high) = (0, voxels.count)
    while low < high {
      let middle = (low + high) / 2
      if voxels[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
