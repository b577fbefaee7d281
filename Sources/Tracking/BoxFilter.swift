import Geometry

/// Where a box is and how fast it moves, by a Kalman filter of constant velocity over its centre and its size.
///
/// The four coordinates are independent of one another. All noise is in units of the size of the box, the square root of
/// its area, so that near and far things are treated alike.
///
/// Source: Bewley et al. 2016, "Simple Online and Realtime Tracking", with the noise of Wojke et al. 2017, "Simple Online
/// and Realtime Tracking with a Deep Association Metric", per second in place of per frame.
struct BoxFilter: Hashable, Sendable {
  /// Change of velocity in a second, in sizes a second: the root of the power of white acceleration.
  private static let acceleration: Float = 1.2
  /// The same for the sides.
  private static let growth: Float = 0.4
  /// Deviation of the velocity of something new, in sizes a second.
  private static let firstVelocity: Float = 2.5

  private let jitter: Float
  /// Centre x, centre y, width, height, pixels.
  private(set) var place: SIMD4<Float>
  /// Pixels a second.
  private(set) var velocity = SIMD4<Float>.zero
  private var placeVariance: SIMD4<Float>
  private var covariance = SIMD4<Float>.zero
  private var velocityVariance: SIMD4<Float>

  /// - Parameter jitter: deviation of a measured centre or side, in sizes.
  init(_ box: SIMD4<Float>, jitter: Float) {
    self.jitter = jitter
    place = Self.place(of: box)
    let size = Self.size(of: place)
    placeVariance = SIMD4(repeating: (jitter * size).squared)
    let (moves, grows) = ((Self.firstVelocity * size).squared, (0.3 * Self.firstVelocity * size).squared)
    velocityVariance = SIMD4(moves, moves, grows, grows)
  }

  private static func place(of box: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4(lowHalf: (box.lowHalf + box.highHalf) / 2, highHalf: pointwiseMax(box.highHalf - box.lowHalf, .one))
  }

  private static func size(of place: SIMD4<Float>) -> Float { (place.z * place.w).squareRoot() }

  /// Square root of the area, pixels.
  var size: Float { Self.size(of: place) }

  /// Left, top, right, bottom, pixels.
  var box: SIMD4<Float> {
    SIMD4(lowHalf: place.lowHalf - place.highHalf / 2, highHalf: place.lowHalf + place.highHalf / 2)
  }

  /// Deviation of the centre, pixels.
  var deviation: Float { max(placeVariance.x, placeVariance.y).squareRoot() }

  /// Goes on in time.
  /// - Parameter isSeen: whether it was measured lately; a hidden box keeps its size.
  mutating func advance(seconds: Float, isSeen: Bool) {
    guard seconds > 0 else { return }
    if !isSeen { (velocity.z, velocity.w) = (0, 0) }
    place += velocity * seconds
    place.highHalf = pointwiseMax(place.highHalf, .one)
    let (moves, grows) = ((Self.acceleration * size).squared, (Self.growth * size).squared)
    let power = SIMD4(moves, moves, grows, grows)
    placeVariance += 2 * seconds * covariance + seconds * seconds * velocityVariance + power * (seconds.cubed / 3)
    covariance += seconds * velocityVariance + power * (seconds * seconds / 2)
    velocityVariance += power * seconds
  }

  /// Goes with the motion of the camera.
  /// - Parameter imageFromPrevious: a homography; where it takes the box to infinity, the box stays.
  mutating func move(by imageFromPrevious: Matrix3) {
    guard let step = ImageStep(imageFromPrevious, at: place.lowHalf) else { return }
    place = SIMD4(lowHalf: step.place, highHalf: place.highHalf * step.scale)
    velocity = SIMD4(lowHalf: step.turned(velocity.lowHalf), highHalf: velocity.highHalf * step.scale)
    let square = step.scale * step.scale
    placeVariance *= square
    covariance *= square
    velocityVariance *= square
  }

  /// Moves without knowing more or less than before.
  mutating func shift(by offset: SIMD2<Float>) { place.lowHalf += offset }

  /// Squared distance of a box's centre, in deviations of the prediction and the measurement.
  func squaredDistance(to box: SIMD4<Float>) -> Float {
    let offset = Self.place(of: box) - place
    let noise = (jitter * size).squared
    return offset.x * offset.x / (placeVariance.x + noise) + offset.y * offset.y / (placeVariance.y + noise)
  }

  mutating func correct(with box: SIMD4<Float>) {
    let found = Self.place(of: box)
    let noise = SIMD4(repeating: (jitter * Self.size(of: found)).squared)
    let gain = placeVariance / (placeVariance + noise)
    let velocityGain = covariance / (placeVariance + noise)
    let offset = found - place
    place += gain * offset
    velocity += velocityGain * offset
    velocityVariance -= velocityGain * covariance
    covariance *= SIMD4(repeating: 1) - gain
    placeVariance *= SIMD4(repeating: 1) - gain
  }

  /// Forgets where it was going, and is at the box.
  mutating func jump(to box: SIMD4<Float>) { self = BoxFilter(box, jitter: jitter) }
}

/// What a homography does to the surroundings of one point.
struct ImageStep {
  let place: SIMD2<Float>
  /// Columns of the linear part.
  private let across: SIMD2<Float>
  private let down: SIMD2<Float>
  /// Square root of how much areas grow.
  let scale: Float

  /// - Returns: `nil` where the point goes to infinity or areas change more than a hundredfold.
  init?(_ matrix: Matrix3, at point: SIMD2<Float>) {
    let mapped = matrix * SIMD3(Double(point.x), Double(point.y), 1)
    guard abs(mapped.z) > 1e-9 else { return nil }
    let image = SIMD2(mapped.x / mapped.z, mapped.y / mapped.z)
    func column(_ index: Int) -> SIMD2<Double> {
      (SIMD2(matrix[0, index], matrix[1, index]) - image * matrix[2, index]) / mapped.z
    }
    let (x, y) = (column(0), column(1))
    let determinant = abs(x.x * y.y - x.y * y.x)
    guard determinant > 0.01, determinant < 100, image.x.isFinite, image.y.isFinite else { return nil }
    place = SIMD2(image)
    across = SIMD2(x)
    down = SIMD2(y)
    scale = Float(determinant.squareRoot())
  }

  func turned(_ vector: SIMD2<Float>) -> SIMD2<Float> { across * vector.x + down * vector.y }
}

extension Float {
  fileprivate var squared: Float { self * self }
  fileprivate var cubed: Float { self * self * self }
}
