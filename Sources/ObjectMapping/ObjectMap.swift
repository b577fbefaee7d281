internal import Geometry

/// Objects in the world: eats frames with camera poses and what a tracker sees in them, and knows where the objects are
/// long after their tracks have ended.
///
/// An object that stands is where the rays of all its sightings meet, with how far points of the map in its mask, or the
/// ground, say it is. One that moves has a place only where those tell the distance. Every estimate has a covariance.
/// Each map has objects of its own. The same input gives the same output; the order of frames matters little.
public struct ObjectMap: Sendable {
  private let options: ObjectMapOptions
  private var entries: [Int: ObjectEntry] = [:]
  private var nextKey = 0
  private var nextID = 1
  /// The entry of each track that is followed.
  private var entryOfTrack: [TrackKey: Int] = [:]
  private var placements: [Int: MapPlacement] = [:]
  private var points: (map: Int, points: [SIMD3<Double>])?
  /// Those of them that may be part of an object: above the ground, where that is known.
  private var raised: [SIMD3<Double>] = []
  private var ground: (map: Int, model: GroundModel)?
  private var fixedGround: GroundModel.Height?
  private var newest = Int64.min
  /// What was done so far.
  public private(set) var counts = Counts()

  /// What happened, since the beginning.
  public struct Counts: Hashable, Sendable {
    /// Sightings that told something of a place.
    public var sightings = 0
    /// Objects that got an identifier.
    public var objects = 0
    /// Tracks that turned out to be of a known object.
    public var merged = 0
    /// Objects that made room for others.
    public var evicted = 0
    /// Tracks without a place that made room for others.
    public var pendingDropped = 0
  }

  private struct TrackKey: Hashable {
    var map: Int
    var track: Int
  }

  public init(options: ObjectMapOptions = ObjectMapOptions()) { self.options = options }

  // MARK: What is known of maps

  /// Says how a map lies in the world; may change at any time.
  public mutating func place(_ placement: MapPlacement, ofMap map: Int) {
    let upright = placements[map]?.metricFromMap
    placements[map] = placement
    // A run makes few maps; those of long ago need no place.
    if placements.count > 64, let oldest = placements.keys.min() { placements[oldest] = nil }
    if placement.metricFromMap != upright { findGround(ofMap: map, isForced: upright == nil) }
  }

  /// Gives the points of a map, in its own axes and unit, in place of those before.
  public mutating func setPoints(_ all: [SIMD3<Double>], ofMap map: Int) {
    let step = max(1, (all.count + options.maximalPoints - 1) / max(1, options.maximalPoints))
    points = (map, stride(from: 0, to: all.count, by: step).map { all[$0] })
    raised = points?.points ?? []
    findGround(ofMap: map, isForced: true)
  }

  /// Says how high the ground is where no points of the map tell it.
  /// - Parameters:
  ///   - height: z in metric axes, metres.
  ///   - deviation: one standard deviation, metres.
  public mutating func setGround(height: Double, deviation: Double) {
    fixedGround = GroundModel.Height(value: height, deviation: deviation)
  }

  private mutating func findGround(ofMap map: Int, isForced: Bool) {
    guard let metricFromMap = placements[map]?.metricFromMap, let points, points.map == map,
      isForced || ground?.map != map
    else { return }
    let up = metricFromMap.rotation.inverse * SIMD3(0, 0, 1)
    let metre = 1 / metricFromMap.scale
    ground = GroundModel(points.points, up: up, metre: metre).map { (map, $0) }
    if let model = ground?.model { raised = points.points.filter { model.isRaised($0, metre: metre) } }
  }

  private func ground(ofMap map: Int) -> GroundModel? {
    if let ground, ground.map == map { return ground.model }
    guard let fixedGround, let metricFromMap = placements[map]?.metricFromMap else { return nil }
    let up = metricFromMap.rotation.inverse * SIMD3(0, 0, 1)
    let value = (fixedGround.value - metricFromMap.translation.z) / metricFromMap.scale
    return GroundModel(flat: .init(value: value, deviation: fixedGround.deviation / metricFromMap.scale), up: up)
  }

  /// One metre in units of a map.
  private func metre(ofMap map: Int) -> Double? { placements[map]?.metricFromMap.map { 1 / $0.scale } }

  private func solver(ofMap map: Int) -> StandingSolver {
    StandingSolver(placeDeviation: metre(ofMap: map).map { $0 * options.placeDeviation } ?? 0)
  }

  // MARK: Frames

  /// Takes what was seen in a frame. Frames without a pose tell nothing.
  /// - Complexity: O(points of the map in sight · sightings) where a sighting is worth a look, which at ten frames a
  ///   second are one in three of a usual video.
  public mutating func add(_ frame: MapFrame, _ sightings: [ObjectSighting]) {
    guard let worldFromCamera = frame.worldFromCamera, worldFromCamera.translation.norm.isFinite else { return }
    newest = max(newest, frame.nanos)
    var look = FrameLook(frame, worldFromCamera, options: options, metre: metre(ofMap: frame.map))
    look.ground = ground(ofMap: frame.map)
    let solver = solver(ofMap: frame.map)
    var view: PointView?
    for sighting in sightings where sighting.isMeasured {
      guard let ray = look.ray(of: sighting) else { continue }
      let key = entryKey(of: sighting.track, frame)
      guard var entry = entries[key] else { continue }
      counts.sightings += 1
      entry.noteSeen(sighting, at: frame.nanos)
      if entry.wantsRay(at: frame.nanos, options: options) {
        if view == nil, let points, points.map == frame.map { view = PointView(raised, in: frame) }
        var ray = ray
        ray.range = look.range(of: sighting, ray, view)
        entry.add(ray, solver, metre: look.metre, options: options)
        entries[key] = entry
        settle(key, solver)
      } else {
        entries[key] = entry
      }
    }
    keepBounds()
  }

  private mutating func entryKey(of track: Int, _ frame: MapFrame) -> Int {
    let trackKey = TrackKey(map: frame.map, track: track)
    if let key = entryOfTrack[trackKey], entries[key] != nil { return key }
    let key = nextKey
    nextKey += 1
    entries[key] = ObjectEntry(track: track, map: frame.map, nanos: frame.nanos)
    entryOfTrack[trackKey] = key
    return key
  }

  /// Gives an entry that has a place an identifier: that of a known object where it is one. For a while it may turn out
  /// to be one later, too.
  private mutating func settle(_ key: Int, _ solver: StandingSolver) {
    guard let entry = entries[key], entry.isYoung, entry.id != nil || entry.isSettled(options) else { return }
    var best: (key: Int, distance: Double)?
    for (other, known) in entries where known.id != nil && known.map == entry.map && other != key {
      guard let distance = known.distance(to: entry, options: options) else { continue }
      let isNearer = best.map { (distance, other) < ($0.distance, $0.key) } ?? true
      if isNearer { best = (other, distance) }
    }
    if let best { return merge(key, into: best.key, solver) }
    guard entry.id == nil else { return }
    entries[key]?.id = nextID
    nextID += 1
    counts.objects += 1
  }

  private mutating func merge(_ key: Int, into known: Int, _ solver: StandingSolver) {
    guard let entry = entries.removeValue(forKey: key) else { return }
    entries[known]?.merge(entry, solver, options: options)
    for (track, other) in entryOfTrack where other == key { entryOfTrack[track] = known }
    counts.merged += 1
  }

  // MARK: Bounds

  private mutating func keepBounds() {
    let pending = entries.count { $0.value.id == nil }
    if pending > options.maximalPending { drop(from: entries.filter { $0.value.id == nil }) { $0.lastSeen } }
    guard entries.count - pending > options.maximalObjects else { return }
    let active = newest - Int64(options.activeTime * 1e9)
    let objects = entries.filter { $0.value.id != nil }
    // What was hardly ever seen goes first, then what was seen last the longest time ago.
    let asleep = objects.filter { $0.value.lastSeen < active }
    drop(from: asleep.isEmpty ? objects : asleep) { $0.observations < 10 ? Int64.min + $0.lastSeen / 2 : $0.lastSeen }
  }

  private mutating func drop(from candidates: [Int: ObjectEntry], _ rank: (ObjectEntry) -> Int64) {
    guard let least = candidates.min(by: { (rank($0.value), $0.key) < (rank($1.value), $1.key) }) else { return }
    entries[least.key] = nil
    if least.value.id == nil { counts.pendingDropped += 1 } else { counts.evicted += 1 }
    entryOfTrack = entryOfTrack.filter { $0.value != least.key }
  }

  // MARK: Corrections

  /// Puts the objects of a map to where a correction of it has them: each look moves with the camera's path at its time.
  /// - Parameter corrections: in the order of their times; between two the nearer one counts.
  public mutating func move(_ corrections: [PoseCorrection], ofMap map: Int) {
    guard !corrections.isEmpty else { return }
    func correction(_ nanos: Int64) -> SE3 {
      var (low, high) = (0, corrections.count - 1)
      while low < high {
        let middle = (low + high + 1) / 2
        if corrections[middle].nanos <= nanos { low = middle } else { high = middle - 1 }
      }
      let next = min(low + 1, corrections.count - 1)
      let isNextNearer = abs(corrections[next].nanos - nanos) < abs(corrections[low].nanos - nanos)
      return corrections[isNextNearer ? next : low].newFromOld
    }
    let solver = solver(ofMap: map)
    for key in entries.keys.sorted() where entries[key]?.map == map { entries[key]?.move(correction, solver) }
  }

  // MARK: Results

  /// The objects that have a place, by their identifiers.
  /// - Parameter map: only those of this one; `nil`: of all maps, each in its own axes.
  public func objects(ofMap map: Int? = nil) -> [MappedObject] {
    entries.values.filter { $0.id != nil && (map == nil || $0.map == map) }
      .sorted { ($0.id ?? 0) < ($1.id ?? 0) }.compactMap(object)
  }

  /// The object that a track is, where it has a place.
  public func object(ofTrack track: Int, map: Int) -> MappedObject? {
    entryOfTrack[TrackKey(map: map, track: track)].flatMap { entries[$0] }.flatMap(object)
  }

  private func object(_ entry: ObjectEntry) -> MappedObject? {
    guard let id = entry.id, let place = entry.place else { return nil }
    let placement = placements[entry.map]
    let metric = placement?.metricFromMap ?? .identity
    let size = entry.size(at: place)
    var object = MappedObject(
      id: id, label: entry.label, tracks: entry.tracks, map: entry.map, position: metric * place.position,
      covariance: place.covariance.transformed(by: metric), method: place.method,
      isMetric: placement?.metricFromMap != nil, velocity: .zero, isMoving: entry.moving != nil,
      firstSeen: entry.firstSeen, lastSeen: entry.lastSeen, observations: entry.observations,
      size: metric.scale * size)
    if let moving = entry.moving { object.velocity = metric.scale * (metric.rotation * moving.velocity) }
    guard let earth = placement?.earth else { return object }
    let local = earth.enuFromMap * place.position
    object.place = earth.plane.geodetic(fromLocal: local)
    object.placeCovariance = place.covariance.transformed(by: earth.enuFromMap) + common(earth, entry, local)
    return object
  }

  /// What the map's own place on Earth may be off by, at a point.
  private func common(_ earth: MapPlacement.Earth, _ entry: ObjectEntry, _ local: SIMD3<Double>) -> Matrix3 {
    let variance = earth.deviation * earth.deviation
    var offset = local - earth.enuFromMap * ((entry.recent.last ?? entry.rays.last)?.origin ?? .zero)
    offset.z = 0
    let side = earth.headingDeviation * SIMD3(-offset.y, offset.x, 0)
    return Matrix3(SIMD3(variance, 0, 0), SIMD3(0, variance, 0), SIMD3(0, 0, 4 * variance)) + .outer(side)
  }
}
