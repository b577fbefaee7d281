public import Geometry
import LinearAlgebra

/// One point as two cameras see it: bearings at depth 1.
public struct BearingPair: Hashable, Sendable {
  public var first: SIMD3<Double>
  public var second: SIMD3<Double>

  public init(first: SIMD3<Double>, second: SIMD3<Double>) {
    self.first = first
    self.second = second
  }
}

/// How a second camera may stand to a first, and how well the pairs fit that.
public struct RelativePose: Hashable, Sendable {
  /// What the pose was derived from.
  public enum Model: Hashable, Sendable {
    /// The essential matrix of points in space.
    case essential
    /// The homography of points on a plane.
    case homography
  }

  public var model: Model
  /// The translation has length 1: two views do not tell the scale.
  public var secondFromFirst: SE3
  /// Pairs that agree and lie in front of both cameras, ascending.
  public var inliers: [Int]
  /// Sum of squared distances, cut off at the threshold, in units of the threshold.
  public var cost: Double
}

/// Finds how two cameras stand to each other from pairs of bearings, many of them wrong.
///
/// An essential matrix and a homography are fitted side by side, since each fails where the other serves: planes leave
/// the essential matrix open, and depth breaks the homography. All poses that either allows are refined and returned;
/// more views must decide between those that fit alike. The same input gives the same poses, bit for bit.
///
/// Sources: Hartley 1997, "In defense of the eight-point algorithm"; Ma, Soatto, Košecká, Sastry 2004, "An invitation
/// to 3-D vision", algorithms 5.1 and 5.2; Torr, Zisserman 2000, "MLESAC".
public struct RelativePoseEstimator: Sendable {
  /// By how much a right pair may miss, on the plane at depth 1: pixels over focal length.
  public var inlierThreshold: Double
  /// Samples of either model.
  public var sampleCount = 200
  /// Pairs that must agree.
  public var minimalInliers = 20

  public init(inlierThreshold: Double) { self.inlierThreshold = inlierThreshold }

  /// The poses that fit, best first.
  public func estimate(_ pairs: [BearingPair]) -> [RelativePose] {
    guard pairs.count >= max(8, minimalInliers) else { return [] }
    var random = RepeatableRandom(seed: UInt64(pairs.count))
    var candidates: [RelativePose] = []
    if let essential = bestMatrix(pairs, sampleSize: 8, &random, fit: Self.essentialMatrix, error: Self.sampsonError) {
      for pose in Self.poses(ofEssential: essential) { candidates += scored(pose, .essential, pairs) }
    }
    if let homography = bestMatrix(pairs, sampleSize: 4, &random, fit: Self.homography, error: Self.transferError) {
      for pose in Self.poses(ofHomography: homography) { candidates += scored(pose, .homography, pairs) }
    }
    return candidates.map { refined($0, pairs) }.sorted { $0.cost < $1.cost }
  }

  // MARK: Fitting matrices

  private func bestMatrix(
    _ pairs: [BearingPair], sampleSize: Int, _ random: inout RepeatableRandom,
    fit: ([BearingPair]) -> Matrix3?, error: (Matrix3, BearingPair) -> Double
  ) -> Matrix3? {
    let limit = inlierThreshold * inlierThreshold
    func cost(_ matrix: Matrix3) -> Double { pairs.reduce(0) { $0 + min(error(matrix, $1), limit) } }
    var best: (matrix: Matrix3, cost: Double)?
    for _ in 0..<sampleCount {
      let sample = random.sample(sampleSize, below: pairs.count).map { pairs[$0] }
      guard let matrix = fit(sample) else { continue }
      let cost = cost(matrix)
      if cost < best?.cost ?? .infinity { best = (matrix, cost) }
    }
    guard var best else { return nil }
    for _ in 0..<3 {
      let agreeing = pairs.filter { error(best.matrix, $0) < limit }
      guard agreeing.count >= 8, let matrix = fit(agreeing) else { break }
      let cost = cost(matrix)
      guard cost < best.cost else { break }
      best = (matrix, cost)
    }
    return best.matrix
  }

  /// `E` with `secondᵀ · E · first = 0`, by eight or more points; singular values (1, 1, 0).
  static func essentialMatrix(_ pairs: [BearingPair]) -> Matrix3? {
    var gram = Matrix(rows: 9, columns: 9)
    for pair in pairs {
      let (a, b) = (pair.first.normalized, pair.second.normalized)
      let row = [b.x * a.x, b.x * a.y, b.x * a.z, b.y * a.x, b.y * a.y, b.y * a.z, b.z * a.x, b.z * a.y, b.z * a.z]
      for i in 0..<9 {
        for j in i..<9 { gram[i, j] += row[i] * row[j] }
      }
    }
    let e = SymmetricEigen(gram).vectors.column(0)
    var matrix = Matrix(rows: 3, columns: 3)
    matrix.elements = e
    let svd = SingularValues(matrix)
    guard svd.values[1] > 1e-9 * svd.values[0] else { return nil }
    let (u, v) = (svd.u.completed, svd.v.matrix3)
    return Matrix3(u.columns.0, u.columns.1, .zero) * v.transposed
  }

  /// `H` with `second ∼ H · first`, by four or more points; scaled to a middle singular value of 1.
  static func homography(_ pairs: [BearingPair]) -> Matrix3? {
    var gram = Matrix(rows: 9, columns: 9)
    for pair in pairs {
      let (a, b) = (pair.first, pair.second)
      let rows = [
        [0, 0, 0, -a.x, -a.y, -a.z, b.y * a.x, b.y * a.y, b.y * a.z],
        [a.x, a.y, a.z, 0, 0, 0, -b.x * a.x, -b.x * a.y, -b.x * a.z],
      ]
      for row in rows {
        for i in 0..<9 where row[i] != 0 {
          for j in i..<9 { gram[i, j] += row[i] * row[j] }
        }
      }
    }
    let eigen = SymmetricEigen(gram)
    guard eigen.values[1] > 1e-12 * eigen.values[8] else { return nil }
    var matrix = Matrix(rows: 3, columns: 3)
    matrix.elements = eigen.vectors.column(0)
    let middle = SingularValues(matrix).values[1]
    guard middle > 1e-9 else { return nil }
    let scaled = (1 / middle) * matrix.matrix3
    // The sign that keeps points in front of the second camera.
    let inFront = pairs.filter { $0.second.dot(scaled * $0.first) > 0 }.count
    return 2 * inFront >= pairs.count ? scaled : -1 * scaled
  }

  /// Squared distance to the epipolar lines, to first order (Sampson).
  static func sampsonError(_ essential: Matrix3, _ pair: BearingPair) -> Double {
    let line = essential * pair.first
    let back = essential.transposed * pair.second
    let distance = pair.second.dot(line)
    let gradient = line.x * line.x + line.y * line.y + back.x * back.x + back.y * back.y
    return gradient > 0 ? distance * distance / gradient : .infinity
  }

  /// Squared distance between the second bearing and where the homography puts the first.
  static func transferError(_ homography: Matrix3, _ pair: BearingPair) -> Double {
    let moved = homography * pair.first
    guard moved.z > 1e-9 else { return .infinity }
    let error = SIMD2(moved.x, moved.y) / moved.z - SIMD2(pair.second.x, pair.second.y) / pair.second.z
    return (error * error).sum() / 2
  }

  // MARK: Poses of matrices

  static func poses(ofEssential essential: Matrix3) -> [SE3] {
    let svd = SingularValues(Matrix(essential))
    var (u, v) = (svd.u.completed, svd.v.matrix3)
    if u.determinant < 0 { u = -1 * u }
    if v.determinant < 0 { v = -1 * v }
    let quarter = Matrix3(rows: SIMD3(0, -1, 0), SIMD3(1, 0, 0), SIMD3(0, 0, 1))
    let rotations = [u * quarter * v.transposed, u * quarter.transposed * v.transposed].map { SO3(matrix: $0) }
    return rotations.flatMap { rotation in
      [1.0, -1].map { SE3(rotation: rotation, translation: $0 * u.columns.2) }
    }
  }

  static func poses(ofHomography homography: Matrix3) -> [SE3] {
    let eigen = SymmetricEigen(Matrix(homography.transposed * homography))
    let v = eigen.vectors.matrix3
    // Ascending here, descending in the source.
    let (s1, s3) = (eigen.values[2], eigen.values[0])
    let (v1, v3) = (v.columns.2, v.columns.0)
    let v2 = v3.cross(v1)
    guard s1 - s3 > 1e-6 else { return [] }
    let (a, b) = (max(0, 1 - s3).squareRoot(), max(0, s1 - 1).squareRoot())
    return [1.0, -1].flatMap { sign -> [SE3] in
      let u = (a * v1 + sign * b * v3) / (s1 - s3).squareRoot()
      let flat = Matrix3(v2, u, v2.cross(u))
      let (w2, wu) = (homography * v2, homography * u)
      let rotation = Matrix3(w2, wu, w2.cross(wu)) * flat.transposed
      let normal = v2.cross(u)
      let translation = (homography + -1 * rotation) * normal
      guard translation.norm > 1e-9 else { return [] }
      return [1.0, -1].map {
        SE3(rotation: SO3(matrix: rotation), translation: $0 * translation.normalized)
      }
    }
  }

  // MARK: Judging poses

  /// The pose with its inliers, unless too few pairs agree with it.
  private func scored(_ pose: SE3, _ model: RelativePose.Model, _ pairs: [BearingPair]) -> [RelativePose] {
    let limit = inlierThreshold * inlierThreshold
    let essential = Matrix3.skew(pose.translation) * pose.rotation.matrix
    var (inliers, cost): ([Int], Double) = ([], 0)
    for (index, pair) in pairs.enumerated() {
      let error = Self.sampsonError(essential, pair)
      if error < limit, Self.isInFront(pair, pose) {
        inliers.append(index)
        cost += error / limit
      } else {
        cost += 1
      }
    }
    guard inliers.count >= minimalInliers else { return [] }
    return [RelativePose(model: model, secondFromFirst: pose, inliers: inliers, cost: cost)]
  }

  /// Whether the rays meet in front of both cameras, or so far away that it cannot be told.
  private static func isInFront(_ pair: BearingPair, _ pose: SE3) -> Bool {
    // depth₂ · second = depth₁ · R·first + t, each depth by eliminating the other with a cross product.
    let turned = pose.rotation * pair.first
    let normal = turned.cross(pair.second)
    let squared = normal.dot(normal)
    guard squared > 1e-8 * turned.dot(turned) * pair.second.dot(pair.second) else { return true }
    let depth1 = pair.second.cross(pose.translation).dot(normal) / squared
    let depth2 = turned.cross(pose.translation).dot(normal) / squared
    return depth1 > 0 && depth2 > 0
  }

  /// Gauss–Newton on the Sampson error of the inliers, over rotation and direction of translation, with numeric
  /// derivatives: five numbers, some hundred pairs.
  private func refined(_ start: RelativePose, _ pairs: [BearingPair]) -> RelativePose {
    var best = start
    for _ in 0..<5 {
      let used = best.inliers.map { pairs[$0] }
      guard let step = gaussNewtonStep(best.secondFromFirst, used),
        let next = scored(Self.perturbed(best.secondFromFirst, by: step), start.model, pairs).first,
        next.cost < best.cost
      else { break }
      let gain = best.cost - next.cost
      best = next
      if gain < 1e-6 * best.cost { break }
    }
    return best
  }

  private func gaussNewtonStep(_ pose: SE3, _ pairs: [BearingPair]) -> [Double]? {
    let delta = 1e-6
    func residuals(_ pose: SE3) -> [Double] {
      let essential = Matrix3.skew(pose.translation) * pose.rotation.matrix
      return pairs.map { pair in
        let error = Self.sampsonError(essential, pair).squareRoot()
        return pair.second.dot(essential * pair.first) < 0 ? -error : error
      }
    }
    let base = residuals(pose)
    let slopes = (0..<5).map { axis in
      var step = [Double](repeating: 0, count: 5)
      step[axis] = delta
      return zip(residuals(Self.perturbed(pose, by: step)), base).map { ($0 - $1) / delta }
    }
    var (information, gradient) = (Matrix(rows: 5, columns: 5), [Double](repeating: 0, count: 5))
    for i in 0..<5 {
      for index in base.indices { gradient[i] -= slopes[i][index] * base[index] }
      for j in 0...i {
        for index in base.indices { information[i, j] += slopes[i][index] * slopes[j][index] }
      }
      information[i, i] *= 1 + 1e-6
    }
    return Cholesky(information)?.solve(gradient)
  }

  /// The rotation turned by three numbers, the direction of translation by two across it.
  private static func perturbed(_ pose: SE3, by step: [Double]) -> SE3 {
    let t = pose.translation
    let aside = abs(t.x) < 0.6 ? SIMD3(1.0, 0, 0) : SIMD3(0, 1, 0)
    let across = t.cross(aside).normalized
    let other = t.cross(across).normalized
    let turn = across * step[3] + other * step[4]
    return SE3(
      rotation: .exp(SIMD3(step[0], step[1], step[2])) * pose.rotation, translation: (.exp(turn) * t).normalized)
  }
}
