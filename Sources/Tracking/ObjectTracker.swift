import Geometry
public import MediaModel

/// Keeps the identity of objects over the frames of a stream. It sees boxes, masks, labels and colours, no pixels.
///
/// One tracker is used in one of two ways:
/// - ``update(_:at:imageFromPrevious:)``, once a frame, where every frame has observations of its own;
/// - ``follow(_:at:)``, once a frame, and ``associate(_:at:)``, whenever detections are there, where something else, such
///   as SAM 2, follows the pixels of each object. The tracker then decides which objects there are.
///
/// Ids start at 1; the id of one object is never that of another. Times are of the frames, nanoseconds of any one clock,
/// and do not go back. Memory is bounded by ``TrackingOptions``, however long a stream is.
public struct ObjectTracker: Sendable {
  public let options: TrackingOptions
  /// Size of the pictures. Where it is known, objects that leave the picture are not reported where they should be.
  public var resolution: Resolution?
  /// In the order of their births.
  var tracks: [Track] = []
  /// Objects that ended a short while ago and may come back, in the order of their ends.
  var remembered: [Track] = []
  var ended: [EndedTrack] = []
  var nowNanos: Int64?
  private var lastID = 0

  public init(_ options: TrackingOptions = TrackingOptions(), resolution: Resolution? = nil) {
    self.options = options
    self.resolution = resolution
  }

  /// Objects that are followed, confirmed or not.
  public var count: Int { tracks.count }

  /// Objects that memory is used for: those that are followed, and those that are remembered.
  public var storedCount: Int { tracks.count + remembered.count }

  /// Runs of masks of earlier frames that are kept for detections that are late.
  public var historyRunCount: Int { tracks.reduce(0) { $0 + $1.history.runs } }

  /// Ids that were given so far.
  public var idCount: Int { lastID }

  /// What ended since this was last asked, or since the latest ``associate(_:at:)``, in the order of the ends; of very
  /// many the latest 1024.
  public mutating func takeEnded() -> [EndedTrack] {
    defer { ended = [] }
    return ended
  }

  /// Ends objects that their follower cannot or should not follow. They do not come back.
  public mutating func end(_ ids: [Int]) {
    for index in tracks.indices.reversed() where tracks[index].isConfirmed && ids.contains(tracks[index].id) {
      note(.init(id: tracks[index].id, reason: .asked))
      tracks.remove(at: index)
    }
  }

  /// Forgets all objects, as after a cut. Ids go on.
  public mutating func reset() {
    end(tracks.map(\.id))
    tracks = []
    remembered = []
    nowNanos = nil
  }

  mutating func nextID() -> Int {
    lastID += 1
    return lastID
  }

  /// Takes every object to a frame in which nothing is known of it yet.
  mutating func advance(to nanos: Int64, imageFromPrevious: Matrix3? = nil) {
    // More than two seconds say nothing about where things are.
    let seconds = Float(min(max(nanos - (nowNanos ?? nanos), 0), 2_000_000_000)) / 1e9
    nowNanos = max(nanos, nowNanos ?? nanos)
    for index in tracks.indices { tracks[index].advance(seconds: seconds, imageFromPrevious: imageFromPrevious) }
    guard let imageFromPrevious else { return }
    for index in remembered.indices { remembered[index].filter.move(by: imageFromPrevious) }
  }

  /// Ends the objects at the indices, which ascend.
  mutating func finish(_ indices: [(index: Int, reason: EndedTrack.Reason)]) {
    for (index, reason) in indices.reversed() {
      let track = tracks.remove(at: index)
      guard track.isConfirmed else { continue }
      note(.init(id: track.id, reason: reason))
      guard reason == .lost, !track.appearance.isEmpty else { continue }
      var memory = track
      memory.history = TrackHistory()
      remembered.append(memory)
    }
    if remembered.count > options.maximalTracks { remembered.removeFirst(remembered.count - options.maximalTracks) }
  }

  private mutating func note(_ end: EndedTrack) {
    ended.append(end)
    if ended.count > 1024 { ended.removeFirst(ended.count - 1024) }
  }

  mutating func forgetOld(at nanos: Int64) {
    let (held, remembrance) = (options.heldNanos, options.remembranceNanos)
    finish(tracks.indices.filter { nanos - tracks[$0].seenNanos > held }.map { ($0, .lost) })
    remembered.removeAll { nanos - $0.seenNanos > held + remembrance }
  }

  /// Starts an object, which is then the last of ``tracks``. Where there is no room, one that is out of sight makes
  /// room: one that is not confirmed, or else that was not seen for the longest time.
  /// - Returns: whether it was started; not where all are in sight.
  mutating func start(_ observation: ObjectObservation, at nanos: Int64) -> Bool {
    if tracks.count >= options.maximalTracks {
      func rank(_ index: Int) -> (Int, Int64) { (tracks[index].isConfirmed ? 1 : 0, tracks[index].seenNanos) }
      let hidden = tracks.indices.filter { !tracks[$0].isSeen }
      guard let oldest = hidden.min(by: { rank($0) < rank($1) }) else { return false }
      finish([(oldest, .crowdedOut)])
    }
    var track = Track(observation, at: nanos, jitter: options.jitter)
    let rivals = tracks.filter { other in
      other.isConfirmed && (!other.isSeen || BoxOverlap.ofSmaller(other.filter.box, observation.box) > 0.3)
    }
    track.rivals = rivals.map(\.id)
    tracks.append(track)
    return true
  }

  /// Takes back an object that had ended.
  mutating func revive(_ index: Int, as observation: ObjectObservation, at nanos: Int64) -> Int {
    var track = remembered.remove(at: index)
    track.see(observation, at: nanos, isReturn: true)
    tracks.append(track)
    return track.id
  }

  /// The confirmed objects that are in sight, or were a moment ago, in the order of ids.
  /// - Parameters:
  ///   - hits: observations, or detections, that an object needs.
  ///   - isFollowed: whether masks are followed, so that each object has been seen more often than it was detected.
  func objects(at nanos: Int64, shownBy hits: Int = 1, isFollowed: Bool = false) -> [TrackedObject] {
    let shown = tracks.filter { track in
      guard track.isConfirmed, track.hits >= hits else { return false }
      if track.isSeen { return true }
      let isSure = isFollowed || track.hits >= options.hitsToPredict
      return isSure && nanos - track.seenNanos <= options.predictedNanos && isInside(track.filter.box)
    }
    return shown.map { $0.object() }.sorted { $0.id < $1.id }
  }

  private func isInside(_ box: SIMD4<Float>) -> Bool {
    guard let resolution else { return true }
    let centre = (box.lowHalf + box.highHalf) / 2
    return centre.x >= 0 && centre.y >= 0 && centre.x < Float(resolution.width) && centre.y < Float(resolution.height)
  }
}
