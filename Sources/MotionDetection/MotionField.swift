import Geometry

/// Tells points that move by themselves from points of a scene at rest, frame by frame.
struct MotionField: Sendable {
  /// Frames over which motion is looked at: the longer, the slower what is found; the shorter, the newer.
  static let spans = [2, 4, 8, 12]

  struct Point: Sendable {
    var position: SIMD2<Float>
    var then: SIMD2<Float>
    /// Where what was at `then` is; near `position`.
    var now = SIMD2<Float>.zero
    /// How far the path is from that of a point at rest, in tolerances.
    var moves: Float = 0
    /// Frames between `then` and now; 0 while nothing is known.
    var span: Int
    var across: Float
    var aboveGround: Float
    var groundShift: Float
    /// Height above the ground in heights of the camera, were the point at rest; `nil` where that is not known well.
    var height: Float?
    /// By how much it left the line on which points at rest move, pixels over the span.
    var aside = SIMD2<Float>.zero
    /// By how much it is elsewhere than a point of the ground would be, pixels over the span.
    var offset = SIMD2<Float>.zero
    var evidence: Float
  }

  var field: PointField
  /// The latest pictures, the newest last.
  private(set) var pictures: [WorkingPicture] = []
  private(set) var scenes: [SceneMotion?] = spans.map { _ in nil }
  private var focalLength: Double
  private var flow: [SIMD2<Float>]
  private let flowColumns: Int
  private let anchor = PatchAligner()
  private(set) var points: [Point] = []

  /// Side of the blocks of which the usual path is known, pixels.
  private static let block = 40

  init(width: Int, height: Int, focalLengthInWidths: Double) {
    field = PointField(width: width, height: height, cellSize: 6)
    focalLength = focalLengthInWidths * Double(width)
    flowColumns = (width + Self.block - 1) / Self.block
    flow = Array(repeating: .zero, count: flowColumns * ((height + Self.block - 1) / Self.block))
  }

  /// Pictures with shorter sides are too small to look at.
  static let smallestSide = 64

  var focalLengthInWidths: Double { focalLength / Double(field.width) }

  /// Whether the camera stayed in its place over the longest time that is known.
  var isCameraInPlace: Bool { scenes.compactMap { $0 }.last?.isInPlace ?? false }

  mutating func advance(to picture: WorkingPicture) {
    let (flow, columns) = (flow, flowColumns)
    field.advance(from: pictures.last, to: picture) { position in
      position + flow[Int(position.y) / Self.block * columns + Int(position.x) / Self.block]
    }
    pictures.append(picture)
    if pictures.count > (Self.spans.max() ?? 0) + 1 { pictures.removeFirst() }
    noteFlow()
    // Over the longest time it shows best whether the camera stays in its place.
    var isInPlace: Bool?
    for (index, span) in Self.spans.enumerated().reversed() {
      scenes[index] = scene(span, previous: scenes[index], isInPlace: isInPlace ?? true)
      if let scene = scenes[index] { isInPlace = isInPlace ?? scene.isInPlace }
    }
    judge()
  }

  private mutating func noteFlow() {
    var sums = flow.map { _ in SIMD3<Float>.zero }
    for index in 0..<field.count where field.ages[index] > 0 && field.evidence[index] <= 0 {
      let position = field.positions[index]
      let step = position - field.position(index, before: 1)
      sums[Int(position.y) / Self.block * flowColumns + Int(position.x) / Self.block] += SIMD3(step.x, step.y, 1)
    }
    for index in flow.indices where sums[index].z > 0 {
      flow[index] = SIMD2(sums[index].x, sums[index].y) / sums[index].z
    }
  }

  /// How the camera moved over the last `span` frames.
  /// - Parameter isInPlace: whether it may have stayed in its place.
  private mutating func scene(_ span: Int, previous: SceneMotion?, isInPlace: Bool) -> SceneMotion? {
    let paths = spread(span)
    guard paths.count >= 40 else { return nil }
    var camera = CentredCamera(
      focalLength: focalLength, centre: SIMD2(Double(field.width - 1), Double(field.height - 1)) / 2)
    if isInPlace,
      let turn = TurnEstimator().turn(paths, camera: camera, start: previous?.motion.rotation ?? .identity)
    {
      var scene = SceneMotion(
        motion: CameraMotion(rotation: turn, direction: previous?.motion.direction ?? CameraMotion.none.direction),
        camera: camera)
      scene.isInPlace = true
      return scene
    }
    let others: [SIMD3<Double>] =
      previous == nil || field.frame % 4 == 0
      ? [SIMD3(0, 0, 1), SIMD3(1, 0, 0.2), SIMD3(0, 1, 0.2), SIMD3(0.7, 0, 0.7), SIMD3(-0.7, 0, 0.7)].map(\.normalized)
      : []
    guard
      let estimate = CameraMotionEstimator().estimate(
        paths, camera: camera, start: previous?.motion ?? .none, others: others)
    else { return nil }
    focalLength = min(max(estimate.focalLength, 0.4 * Double(field.width)), 2 * Double(field.width))
    camera.focalLength = focalLength
    let found = SceneMotion(motion: estimate.motion, camera: camera)
    let scene = GroundFinder().find(
      paths, in: found, previous: previous?.ground ?? .zero, height: Double(field.height))
    return scene
  }

  /// Paths of points at rest, spread evenly over the picture.
  private func spread(_ span: Int) -> [PointPath] {
    let stride = 3
    let columns = (field.columns + stride - 1) / stride
    let rows = (field.rows + stride - 1) / stride
    var chosen = [Int32](repeating: -1, count: columns * rows)
    for index in 0..<field.count where field.ages[index] >= Int32(span) && field.evidence[index] < 0.5 {
      let cell = field.cell(field.positions[index])
      let place = cell / field.columns / stride * columns + cell % field.columns / stride
      if chosen[place] < 0 || field.ages[Int(chosen[place])] < field.ages[index] { chosen[place] = Int32(index) }
    }
    return chosen.filter { $0 >= 0 }.map {
      PointPath(then: field.position(Int($0), before: span), now: field.positions[Int($0)])
    }
  }

  /// Points that have not moved by themselves, with where they were each of ``spans`` ago.
  var restPoints: [RestPoint] {
    points.indices.filter { points[$0].span > 0 && points[$0].evidence < -0.3 }.map { index -> RestPoint in
      var then = SIMD8<Float>(repeating: .nan)
      for (choice, span) in Self.spans.enumerated() where Int(field.ages[index]) >= span {
        let place = field.position(index, before: span)
        (then[2 * choice], then[2 * choice + 1]) = (place.x, place.y)
      }
      return RestPoint(now: field.positions[index], then: then)
    }
  }

  /// Error of a path whatever the texture, pixels.
  private static let tolerance: Float = 0.45

  /// How far a point may have slipped in a direction, pixels: along an edge further than across it.
  private static func doubt(_ tensor: SIMD3<Float>, along direction: SIMD2<Float>) -> Float {
    // directionᵀ · tensor⁻¹ · direction
    let determinant = max(tensor.x * tensor.z - tensor.y * tensor.y, 1e-3)
    let (x, y) = (direction.x, direction.y)
    let inverse = (tensor.z * x * x - 2 * tensor.y * x * y + tensor.x * y * y) / determinant
    return 3 * max(inverse, 0).squareRoot()
  }

  private mutating func judge() {
    points.removeAll(keepingCapacity: true)
    for index in 0..<field.count {
      let age = Int(field.ages[index])
      var point = Point(
        position: field.positions[index], then: field.positions[index], span: 0, across: 0, aboveGround: 0,
        groundShift: 0, evidence: field.evidence[index])
      for choice in Self.spans.indices.reversed() where Self.spans[choice] <= age {
        guard let scene = scenes[choice], let path = checked(index, span: Self.spans[choice]) else { continue }
        point.span = Self.spans[choice]
        judge(&point, path, in: scene, tensor: field.tensors[index])
        break
      }
      points.append(point)
    }
    for index in FloatingGroups().members(points, of: field) { points[index].moves = 3 }
    for index in points.indices where points[index].span > 0 {
      let moves = min(max(points[index].moves - 1, -1), 1)
      field.evidence[index] = min(max(field.evidence[index] * 0.75 + moves * 0.25, -1), 1)
      points[index].evidence = field.evidence[index]
    }
  }

  /// The path of a point over a span, as the picture then and the picture now have it: following it step by step adds
  /// up errors, and slides along the edges of what is in front.
  /// - Returns: `nil` when the point does not look as it did.
  private func checked(_ index: Int, span: Int) -> PointPath? {
    let then = field.position(index, before: span)
    let now = field.positions[index]
    guard
      let match = anchor.align(
        then, from: pictures[pictures.count - 1 - span], to: pictures[pictures.count - 1], guess: now, coarsest: 0),
      match.residual < 10
    else { return nil }
    let slip = match.position - now
    return (slip * slip).sum() < 2.25 ? PointPath(then: then, now: match.position) : nil
  }

  private func judge(_ point: inout Point, _ path: PointPath, in scene: SceneMotion, tensor: SIMD3<Float>) {
    let deviation = scene.deviation(path)
    point.then = path.then
    point.now = path.now
    point.across = Float(deviation.across)
    point.aboveGround = Float(deviation.aboveGround)
    point.groundShift = Float(deviation.groundShift)
    let line = SIMD2<Float>(deviation.line)
    point.aside = point.across * SIMD2(-line.y, line.x)
    point.offset = path.now - (deviation.groundShift > 0 ? scene.groundNow(path.then) : scene.farNow(path.then))
    let doubt = Self.doubt(tensor, along: SIMD2(-line.y, line.x))
    let doubtAlong = Self.doubt(tensor, along: line)
    let sure = 1.5 * (Self.tolerance + doubtAlong)
    if point.groundShift > 1, abs(point.across) < 1.3 * (Self.tolerance + doubt), sure < 0.5 * point.groundShift {
      point.height = point.aboveGround / max(point.groundShift + point.aboveGround, 0.1)
    }
    point.moves = max(
      abs(point.across) / (Self.tolerance + doubt), -point.aboveGround / (1.5 * (Self.tolerance + doubtAlong)))
  }
}
