internal import Geometry

/// What is known of one object: how it was seen, and where it is.
struct ObjectEntry: Sendable {
  /// `nil` until it has a place.
  var id: Int?
  let map: Int
  private var votes: [String: Double] = [:]
  private(set) var label = ""
  private(set) var tracks: [Int]
  private(set) var firstSeen: Int64
  private(set) var lastSeen: Int64
  private(set) var observations = 0
  /// Rays of what stands still, in the order of their times; those that say the most.
  private(set) var rays: [Ray] = []
  /// All rays of the last seconds.
  private(set) var recent: [Ray] = []
  private(set) var standing: PlaceEstimate?
  private(set) var moving: MovingFilter?
  /// It cannot be one that stands still, and nothing tells how far it is.
  private(set) var isOutOfReach = false
  private var extent = SIMD2<Double>.zero
  private var extentCount = 0.0
  /// How far the last look was off where it stood, in a row.
  private var misfits = 0

  /// Tracks whose identifiers are kept.
  private static let maximalTracks = 32
  /// How much better a motion has to explain the last seconds than a standstill.
  private static let motionGain = 25.0
  /// How certain the velocity has to be, squared deviations.
  private static let speedGate = 20.0
  /// What rays may miss a common point by before it cannot be one that stands.
  private static let maximalMisfit = 2.0
  /// How little better it may explain them where something that moved has come to a stop.
  private static let stopGain = 9.0

  init(track: Int, map: Int, nanos: Int64) {
    (tracks, self.map, firstSeen, lastSeen) = ([track], map, nanos, nanos)
  }

  // MARK: Looks

  /// Notes that it was seen, wherever it is.
  mutating func noteSeen(_ sighting: ObjectSighting, at nanos: Int64) {
    observations += 1
    firstSeen = min(firstSeen, nanos)
    lastSeen = max(lastSeen, nanos)
    votes[sighting.label, default: 0] += max(0.01, sighting.score)
    if votes.count > 16, let least = votes.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key {
      votes[least] = nil
    }
    label = votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? sighting.label
  }

  /// Whether a look at this time tells something that looks before did not.
  func wantsRay(at nanos: Int64, options: ObjectMapOptions) -> Bool {
    guard let last = recent.last?.nanos else { return true }
    return abs(nanos - last) >= Int64(options.rayInterval * 1e9) - 1_000_000
  }

  /// Takes a look at it, and finds out anew where it is.
  mutating func add(_ ray: Ray, _ solver: StandingSolver, metre: Double?, options: ObjectMapOptions) {
    insert(ray, into: &recent)
    let start = (recent.last?.nanos ?? ray.nanos) - Int64(options.motionWindow * 1e9)
    recent.removeAll { $0.nanos < start }
    judgeMotion(solver, metre: metre, options: options)
    noteExtent(ray)
    if moving != nil {
      moving?.add(ray)
      return
    }
    guard !isOutOfReach, fits(ray, solver) else { return }
    insert(ray, into: &rays)
    thin(to: options.maximalRays)
    standing = solver.solve(rays)
  }

  private func insert(_ ray: Ray, into rays: inout [Ray]) {
    let place = rays.lastIndex { $0.nanos <= ray.nanos }.map { $0 + 1 } ?? 0
    rays.insert(ray, at: place)
  }

  /// Whether a look agrees with where it stands; single ones that do not are left out.
  private mutating func fits(_ ray: Ray, _ solver: StandingSolver) -> Bool {
    guard let standing, rays.count >= 6 else { return true }
    let offset = standing.position - ray.origin
    let error = ray.across * offset
    let deviation = ray.deviation * offset.norm
    let variance = deviation * deviation + solver.placeDeviation * solver.placeDeviation
    let noise = variance * Matrix3.identity + standing.covariance
    guard let information = noise.symmetricInverse else { return true }
    // 99.9 % of what belongs to an object, two dimensions.
    misfits = information.quadratic(error) < 13.8 ? 0 : misfits + 1
    return misfits == 0 || misfits > 5
  }

  /// Lets the ray go whose neighbours looked from nearly the same place.
  private mutating func thin(to limit: Int) {
    while rays.count > limit {
      var least: (index: Int, gap: Double)?
      for index in rays.indices.dropFirst().dropLast() {
        let gap = (rays[index + 1].origin - rays[index - 1].origin).norm
        // A range is worth keeping where there are few.
        let worth = rays[index].range == nil ? gap : 1.2 * gap
        if least.map({ worth < $0.gap }) ?? true { least = (index, worth) }
      }
      guard let least else { return }
      rays.remove(at: least.index)
    }
  }

  // MARK: Motion

  private mutating func judgeMotion(_ solver: StandingSolver, metre: Double?, options: ObjectMapOptions) {
    guard recent.count >= 6, let last = recent.last, last.nanos - recent[0].nanos > 700_000_000 else { return }
    let fit = MovingFit(recent, placeDeviation: solver.placeDeviation)
    let still = solver.solve(recent)
    if let fit, let information = fit.vv.symmetricInverse {
      // Without any sense of a standstill at a finite place there is motion, or no parallax.
      let gain = (still?.squaredError ?? .infinity) - fit.squaredError
      let speed = fit.velocity.norm
      let leastSpeed = 0.4 * (metre ?? (last.range?.distance ?? 0) / 100)
      let isFast = speed > leastSpeed && information.quadratic(fit.velocity) > Self.speedGate
      if moving == nil, still != nil, gain > Self.motionGain, isFast {
        begin(fit, metre: metre, options: options)
      } else if let filter = moving {
        if speed < leastSpeed || (gain < Self.stopGain && !isFast) {
          stop(solver)
        } else if filter.rejectedInARow >= 5 || last.nanos - filter.nanos > 3_000_000_000 {
          begin(fit, metre: metre, options: options)
        }
      }
      isOutOfReach = false
    } else if moving == nil, recent.count >= 10 {
      // Rays that do not meet, and no range: it moves, nobody knows where.
      let isContradicting = still.map { Self.misfit(recent, at: $0.position, solver) > Self.maximalMisfit } ?? false
      if isContradicting, !isOutOfReach { (rays, standing) = ([], nil) }
      isOutOfReach = isContradicting
    }
  }

  /// The mean of what single rays miss a point by, squared, over what each may; about 1 where it stands there.
  private static func misfit(_ rays: [Ray], at point: SIMD3<Double>, _ solver: StandingSolver) -> Double {
    let sum = rays.reduce(0) { sum, ray in
      let offset = point - ray.origin
      let error = ray.across * offset
      let variance = ray.variance(oneOf: 1, at: offset.norm) + solver.placeDeviation * solver.placeDeviation
      return sum + error.dot(error) / variance
    }
    return sum / Double(max(1, 2 * rays.count - 3))
  }

  private mutating func begin(_ fit: MovingFit, metre: Double?, options: ObjectMapOptions) {
    let distance = recent.last?.range?.distance ?? 1
    let acceleration = options.accelerationDeviation * (metre ?? distance / 40)
    moving = MovingFilter(fit, acceleration: acceleration)
    (rays, standing) = ([], nil)
  }

  /// It stands where the last seconds saw it.
  private mutating func stop(_ solver: StandingSolver) {
    (moving, rays) = (nil, recent)
    standing = solver.solve(rays)
  }

  // MARK: Place

  /// Where it is.
  var place: PlaceEstimate? {
    guard let moving else { return standing }
    return PlaceEstimate(
      position: moving.position, covariance: moving.covariance, method: moving.method, squaredError: 0)
  }

  /// Where it is, when that is certain enough to be told.
  func certainPlace(_ options: ObjectMapOptions) -> PlaceEstimate? {
    guard let place, let ray = recent.last ?? rays.last, place.covariance.isFinite else { return nil }
    let distance = (place.position - ray.origin).norm
    let limit = options.maximalRelativeDeviation * distance
    guard place.covariance.largestEigenvalue < limit * limit else { return nil }
    // What moves is believed a little later: one wrong box is no motion.
    return rays.count + (moving == nil ? 0 : recent.count) >= 3 ? place : nil
  }

  /// Whether it may still turn out to be an object that is known already.
  var isYoung: Bool { id == nil || lastSeen - firstSeen < 10_000_000_000 }

  /// Whether its place is so certain that a known object would be recognised by it; or that will hardly come any more.
  func isSettled(_ options: ObjectMapOptions) -> Bool {
    guard let place = certainPlace(options) else { return false }
    let size = size(at: place)
    let reach = 0.4 * max(size.x, size.y)
    return place.covariance.largestEigenvalue < reach * reach || lastSeen - firstSeen > 3_000_000_000
  }

  /// Width and height, in units of the map.
  func size(at place: PlaceEstimate) -> SIMD2<Double> {
    guard let ray = recent.last ?? rays.last else { return .zero }
    let angles = extentCount > 0 ? extent : ray.extent
    return extentCount > 0 ? angles : angles * (place.position - ray.origin).norm
  }

  /// Averages sizes where the distance is known.
  private mutating func noteExtent(_ ray: Ray) {
    guard let place else { return }
    let seen = ray.extent * (place.position - ray.origin).norm
    extentCount = min(extentCount + 1, 50)
    extent += (seen - extent) / extentCount
  }

  // MARK: Merging and corrections

  /// Takes over what another entry knows of the same object, which was seen later.
  mutating func merge(_ later: ObjectEntry, _ solver: StandingSolver, options: ObjectMapOptions) {
    tracks = Array((tracks + later.tracks.filter { !tracks.contains($0) }).suffix(Self.maximalTracks))
    (firstSeen, lastSeen) = (min(firstSeen, later.firstSeen), max(lastSeen, later.lastSeen))
    observations += later.observations
    for (label, weight) in later.votes { votes[label, default: 0] += weight }
    label = votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? label
    recent = later.recent
    (moving, isOutOfReach, misfits) = (later.moving, later.isOutOfReach, 0)
    if moving != nil {
      (rays, standing) = ([], nil)
      return
    }
    for ray in later.rays { insert(ray, into: &rays) }
    thin(to: options.maximalRays)
    standing = solver.solve(rays) ?? standing
  }

  /// Whether another entry is the same object seen again, as far as places tell.
  /// - Returns: how far apart they are, in squared standard deviations; `nil` for another object.
  func distance(to later: ObjectEntry, options: ObjectMapOptions) -> Double? {
    guard later.firstSeen > lastSeen, label == later.label, let theirs = later.certainPlace(options) else { return nil }
    var mine = place
    if let moving {
      guard later.firstSeen - lastSeen < 3_000_000_000 else { return nil }
      let ahead = moving.predicted(at: later.lastSeen)
      mine = PlaceEstimate(
        position: ahead.position, covariance: ahead.covariance, method: ahead.method, squaredError: 0)
    } else if later.moving != nil {
      return nil
    }
    guard let mine, let gain = (mine.covariance + theirs.covariance).symmetricInverse else { return nil }
    let offset = theirs.position - mine.position
    let squared = gain.quadratic(offset)
    let (a, b) = (size(at: mine), later.size(at: theirs))
    let reach = 0.5 * max(a.x, a.y, b.x, b.y) + (moving == nil ? 0 : theirs.covariance.largestEigenvalue.squareRoot())
    // 99 % of what belongs together, three dimensions.
    return squared < 11.3 && offset.norm < reach ? squared : nil
  }

  /// Puts everything to where a correction of the map has it.
  mutating func move(_ correction: (_ nanos: Int64) -> SE3, _ solver: StandingSolver) {
    for index in rays.indices { rays[index] = rays[index].moved(by: correction(rays[index].nanos)) }
    for index in recent.indices { recent[index] = recent[index].moved(by: correction(recent[index].nanos)) }
    moving.map { moving?.move(by: correction($0.nanos)) }
    if moving == nil, !rays.isEmpty { standing = solver.solve(rays) ?? standing }
  }
}
