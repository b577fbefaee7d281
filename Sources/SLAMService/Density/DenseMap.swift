internal import BusMessages
internal import DepthMaps
internal import Geometry
internal import SLAM

/// What key frames saw, each in its own axes, so that the points move with the key frames.
struct DenseMap {
  private struct Entry {
    var frameNumber: Int
    var map: Int
    var cloud: KeyFrameCloud
    /// Median distance along the optical axis.
    var depth: Float
  }

  /// Side of a voxel as a share of the usual distance: some three pixels in a picture of 640 columns.
  private static let voxelShare: Float = 0.006

  private var entries: [Entry] = []
  private let maximalPoints: Int
  private(set) var pointCount = 0

  /// - Parameter maximalPoints: 32 bytes each. When there are more, the oldest key frames keep the half of their points
  ///   that is trusted more, again and again.
  init(maximalPoints: Int) { self.maximalPoints = maximalPoints }

  /// Takes what a key frame saw.
  mutating func add(_ depth: KeyFrameDepth) {
    guard !depth.cloud.points.isEmpty else { return }
    let depths = depth.cloud.points.map(\.position.z).sorted()
    entries.append(
      Entry(frameNumber: depth.frameNumber, map: depth.map, cloud: depth.cloud, depth: depths[depths.count / 2]))
    pointCount += depths.count
    guard pointCount > maximalPoints else { return }
    for index in entries.indices where 10 * pointCount > 9 * maximalPoints { thin(index) }
    entries.removeAll { $0.cloud.points.isEmpty }
  }

  /// Fewer points say nothing about a surface.
  private static let fewest = 200

  private mutating func thin(_ index: Int) {
    let count = entries[index].cloud.points.count
    let points = entries[index].cloud.points.enumerated().sorted {
      ($0.element.confidence, -$0.offset) > ($1.element.confidence, -$1.offset)
    }
    let kept = count / 2 < Self.fewest ? [] : points.prefix(count / 2).map(\.offset).sorted()
    entries[index].cloud.points = kept.map { entries[index].cloud.points[$0] }
    pointCount -= count - kept.count
  }

  /// Forgets key frames that the map has given up, since others show the same.
  mutating func keep(_ snapshot: SLAMSnapshot) {
    let present = Set(snapshot.keyFrames.filter { $0.earlierRun == nil }.map(\.frameNumber))
    for index in entries.indices where present.contains(entries[index].frameNumber) {
      // Maps become one.
      entries[index].map = snapshot.map
    }
    entries.removeAll { $0.map == snapshot.map && !present.contains($0.frameNumber) }
    pointCount = entries.reduce(0) { $0 + $1.cloud.points.count }
  }

  /// The present map's points.
  /// - Parameters:
  ///   - snapshot: its key frames, in the axes that leave SLAM.
  ///   - scale: the length there of what is 1 in the map.
  ///   - limit: of points that go into the filter, and that come out of it; where there are more, some of each key
  ///     frame are left out.
  func fusion(_ snapshot: SLAMSnapshot, scale: Double, limit: Int) -> CloudFusion? {
    let poses = Dictionary(
      snapshot.keyFrames.filter { $0.earlierRun == nil }.map { ($0.frameNumber, $0.worldFromCamera) },
      uniquingKeysWith: { first, _ in first })
    let present = entries.filter { poses[$0.frameNumber] != nil }
    guard !present.isEmpty, limit > 0 else { return nil }
    let depths = present.map(\.depth).sorted()
    let total = present.reduce(0) { $0 + $1.cloud.points.count }
    let spacing = (total + limit - 1) / limit
    return CloudFusion(
      clouds: present.compactMap { entry in
        poses[entry.frameNumber].map { PosedCloud(cloud: entry.cloud, worldFromCamera: $0) }
      },
      scale: Float(scale), voxelSize: Double(Self.voxelShare * depths[depths.count / 2]) * scale, spacing: spacing,
      limit: limit)
  }
}

/// Key frames' clouds on their way to become one.
struct CloudFusion: Sendable {
  var clouds: [PosedCloud]
  /// Factor of the points' coordinates.
  var scale: Float
  /// In the axes of the poses.
  var voxelSize: Double
  /// Every how many points of a key frame one counts.
  var spacing: Int
  var limit: Int
  var headers: [String: BusHeaderValue] = [:]

  struct Result: Sendable {
    var cloud: PointCloud
    var headers: [String: BusHeaderValue]
  }

  func result() -> Result {
    var filter = VoxelFilter(size: voxelSize)
    filter.maximalCount = limit
    let scaled = clouds.map { posed in
      var posed = posed
      posed.cloud.points = stride(from: 0, to: posed.cloud.points.count, by: spacing).map { index in
        var point = posed.cloud.points[index]
        point.position *= scale
        return point
      }
      return posed
    }
    let points = filter.fuse(scaled).map {
      PointCloud.Point(position: $0.position, colour: $0.colour, confidence: $0.confidence)
    }
    return Result(cloud: PointCloud(points: points, hasConfidence: true), headers: headers)
  }
}
