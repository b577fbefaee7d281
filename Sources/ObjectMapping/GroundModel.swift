internal import Geometry

/// How high the ground is, from points of a map whose vertical is known: the lowest surface that many points lie on, cell
/// by cell where there are enough of them, and for the map as a whole.
struct GroundModel: Hashable, Sendable {
  /// Of length 1, in the map's axes.
  let up: SIMD3<Double>
  private let (east, north): (SIMD3<Double>, SIMD3<Double>)
  private let cellSize: Double
  private var cells: [SIMD2<Int>: Height] = [:]
  private let whole: Height

  /// A height, and how far it may be off.
  struct Height: Hashable, Sendable {
    var value: Double
    var deviation: Double
  }

  /// Points that a cell needs.
  private static let minimalPoints = 5

  /// - Parameters:
  ///   - metre: in units of the map.
  /// - Returns: `nil` for too few points.
  init?(_ points: [SIMD3<Double>], up: SIMD3<Double>, metre: Double) {
    let heights = points.map { $0.dot(up) }
    guard let whole = Self.lowestSurface(heights, bin: 0.5 * metre) else { return nil }
    self.init(flat: whole, up: up, cellSize: 4 * metre)
    var columns: [SIMD2<Int>: [Double]] = [:]
    for (point, height) in zip(points, heights) {
      guard let cell = cell(of: point) else { continue }
      columns[cell, default: []].append(height)
    }
    for (cell, heights) in columns where heights.count >= Self.minimalPoints {
      let sorted = heights.sorted()
      // The lowest tenth is noise; what lies above the lowest third stands on the ground, where there is any.
      let (low, third) = (sorted[sorted.count / 10], sorted[sorted.count / 3])
      // Far from the ground of the whole map it may as well be a roof or a crown.
      let above = abs((low + third) / 2 - whole.value)
      cells[cell] = Height(value: (low + third) / 2, deviation: max(0.3 * metre, third - low, 0.4 * above))
    }
  }

  /// Ground of one height.
  init(flat height: Height, up: SIMD3<Double>, cellSize: Double = 1) {
    self.up = up
    let side = abs(up.x) < 0.7 ? SIMD3(1.0, 0, 0) : SIMD3(0, 1.0, 0)
    east = side.cross(up).normalized
    north = up.cross(east)
    self.cellSize = cellSize
    whole = height
  }

  private func cell(of point: SIMD3<Double>) -> SIMD2<Int>? {
    let (x, y) = (point.dot(east) / cellSize, point.dot(north) / cellSize)
    guard abs(x) < 1e9, abs(y) < 1e9 else { return nil }
    return SIMD2(Int(x.rounded(.down)), Int(y.rounded(.down)))
  }

  /// The height of the lowest bin that, with its neighbours, holds at least half as many as the fullest.
  private static func lowestSurface(_ heights: [Double], bin: Double) -> Height? {
    let finite = heights.filter(\.isFinite).sorted()
    guard finite.count >= 20 else { return nil }
    // One in fifty may be anywhere.
    let low = finite[finite.count / 50]
    var counts: [Int: Int] = [:]
    for height in finite where height >= low && height < low + 1_000 * bin {
      counts[Int((height - low) / bin), default: 0] += 1
    }
    func smooth(_ index: Int) -> Int { (-1...1).reduce(0) { $0 + counts[index + $1, default: 0] } }
    let fullest = counts.keys.map(smooth).max() ?? 0
    guard let first = counts.keys.sorted().first(where: { 2 * smooth($0) >= fullest }) else { return nil }
    let range = low + (Double(first) - 1) * bin...low + (Double(first) + 2) * bin
    let members = finite.filter(range.contains)
    guard let middle = median(members) else { return nil }
    let spread = median(members.map { abs($0 - middle) }) ?? bin
    return Height(value: middle, deviation: max(bin, 1.5 * spread))
  }

  private func height(at point: SIMD3<Double>) -> Height {
    guard let centre = cell(of: point), !cells.isEmpty else { return whole }
    if let own = cells[centre] { return own }
    var near: [Height] = []
    for x in -1...1 {
      for y in -1...1 {
        if let height = cells[centre &+ SIMD2(x, y)] { near.append(height) }
      }
    }
    // What is higher beside it is a wall or a crown.
    guard near.count >= 2, let lowest = near.min(by: { $0.value < $1.value }) else {
      return Height(value: whole.value, deviation: 2 * whole.deviation)
    }
    return lowest
  }

  /// Whether a point is above the ground: no part of it.
  func isRaised(_ point: SIMD3<Double>, metre: Double) -> Bool {
    let ground = height(at: point)
    return point.dot(up) > ground.value + max(0.4 * metre, min(ground.deviation, metre))
  }

  /// How far along a ray its object is when the middle of it is at a height above the ground.
  ///
  /// - Parameters:
  ///   - lift: height of the object's middle, given its distance, and how far that may be off.
  ///   - attitudeDeviation: of the camera, radians.
  func range(
    from origin: SIMD3<Double>, along direction: SIMD3<Double>, attitudeDeviation: Double,
    lift: (_ distance: Double) -> Height
  ) -> Ray.Range? {
    let descent = -direction.dot(up)
    // Flatter than 5° every error of height or attitude is too much.
    guard descent > 0.087 else { return nil }
    var ground = whole
    var (distance, raised) = (0.0, Height(value: 0, deviation: 0))
    for turn in 0..<6 {
      let next = (origin.dot(up) - ground.value - raised.value) / descent
      guard next > 0, next.isFinite else { return nil }
      // Where the ground is rough two places may take turns: the middle of them.
      distance = turn > 3 ? (distance + next) / 2 : next
      raised = lift(distance)
      ground = height(at: origin + distance * direction)
    }
    let vertical = (ground.deviation * ground.deviation + raised.deviation * raised.deviation).squareRoot()
    let flat = (1 - descent * descent).squareRoot()
    let turned = distance * attitudeDeviation * flat / descent
    let deviation = (vertical * vertical / (descent * descent) + turned * turned).squareRoot()
    return Ray.Range(distance: distance, deviation: deviation, method: .ground)
  }
}
