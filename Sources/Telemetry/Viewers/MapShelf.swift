import BusMessages
public import NIOCore

/// A map as viewers fetch it.
public struct MapDocument: Hashable, Sendable {
  /// The body of the newest message of ``Topic/pointClouds``.
  public var ply: ByteBuffer
  /// Changes when the map does.
  public var tag: String
}

/// The way of a camera so far, thinned: `/api/path`.
public struct PathReport: Hashable, Sendable, Encodable {
  /// Where the camera was.
  public struct Step: Hashable, Sendable, Encodable {
    /// Capture time, seconds since 1970.
    public var time: Double
    /// In the axes of the map.
    public var position: [Double]
    public var isKeyframe: Bool

    public func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      try list.encode(time)
      for value in position { try list.encode(value) }
      try list.encode(isKeyframe ? 1 : 0)
    }
  }

  public var stream: String
  /// The map that the steps are in.
  public var map: Int
  /// `[time, x, y, z, 1 for a key frame]` each, the oldest first.
  public var steps: [Step]
}

/// The newest map and the way so far of each stream, for viewers that come late, and for those that take a map at their
/// own pace: only the newest waits, whoever is slow misses some.
package struct MapShelf: Sendable {
  /// Bounds of what is kept.
  package struct Limits: Hashable, Sendable {
    /// Streams; the one that was quiet for longest gives way.
    package var streams = 8
    /// Bytes of one map: two million points of 19 bytes, rounded up.
    package var mapBytes = 40 << 20
    /// Steps of a way. Where it grows longer, every second one goes.
    package var steps = 4_096

    package init() {}
  }

  private struct Entry {
    var map: MapDocument?
    var number = 0
    var isMetric = false
    var steps: [PathReport.Step] = []
    /// One pose of so many becomes a step; key frames always do.
    var stride = 1
    var skipped = 0
    var touched: UInt64 = 0
  }

  private let limits: Limits
  private var entries: [String: Entry] = [:]
  private var count: UInt64 = 0

  package init(limits: Limits = Limits()) { self.limits = limits }

  /// Takes a map in.
  /// - Returns: what viewers are told of it; `nil`: it is too large, or none.
  package mutating func put(_ ply: ByteBuffer, of stream: String) -> MapDocument? {
    guard ply.readableBytes <= limits.mapBytes, ply.readableBytesView.starts(with: Array("ply\n".utf8)) else {
      return nil
    }
    count += 1
    let document = MapDocument(ply: ply, tag: "\(count)")
    change(stream) { $0.map = document }
    return document
  }

  /// Takes in where the camera is. A pose in another map, or in metres where those before were not, begins a new way.
  package mutating func add(_ pose: CameraPose, of stream: String) {
    guard let rows = pose.pose, rows.count == 4, rows.allSatisfy({ $0.count == 4 && $0.allSatisfy(\.isFinite) }) else {
      return
    }
    count += 1
    let limit = limits.steps
    let step = PathReport.Step(
      time: pose.timestamp, position: rows[0...2].map { $0[3] }, isKeyframe: pose.isKeyframe)
    // Who says nothing of the scale knows it.
    let (number, isMetric) = (pose.map ?? 0, pose.scale ?? .trustworthy == .trustworthy)
    change(stream) { entry in
      if entry.number != number || entry.isMetric != isMetric || step.time < entry.steps.last?.time ?? 0 {
        entry.steps = []
        entry.stride = 1
        (entry.number, entry.isMetric) = (number, isMetric)
      }
      entry.skipped += 1
      guard entry.skipped >= entry.stride || step.isKeyframe else { return }
      entry.skipped = 0
      entry.steps.append(step)
      guard entry.steps.count > limit else { return }
      entry.steps = entry.steps.indices.filter { $0 % 2 == 0 }.map { entry.steps[$0] }
      entry.stride *= 2
    }
  }

  /// Services begin anew: so do ways. Maps stay until there are others.
  package mutating func restart() {
    for stream in entries.keys { entries[stream]?.steps = [] }
  }

  package func map(of stream: String) -> MapDocument? { entries[stream]?.map }

  package func path(of stream: String) -> PathReport {
    let entry = entries[stream]
    return PathReport(stream: stream, map: entry?.number ?? 0, steps: entry?.steps ?? [])
  }

  private mutating func change(_ stream: String, _ body: (inout Entry) -> Void) {
    if entries[stream] == nil, entries.count >= limits.streams,
      let quietest = entries.min(by: { $0.value.touched < $1.value.touched })?.key
    {
      entries[quietest] = nil
    }
    body(&entries[stream, default: Entry()])
    entries[stream]?.touched = count
  }
}
