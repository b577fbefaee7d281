/// Six doubles: the unknowns of a pose, linear and angular.
struct SIMD6 {
  private var a: SIMD2<Double>
  private var b: SIMD2<Double>
  private var c: SIMD2<Double>

  static let zero = SIMD6(.zero, .zero)

  private init(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ c: SIMD2<Double>) { (self.a, self.b, self.c) = (a, b, c) }

  init(_ linear: SIMD3<Double>, _ angular: SIMD3<Double>) {
    self.init(SIMD2(linear.x, linear.y), SIMD2(linear.z, angular.x), SIMD2(angular.y, angular.z))
  }

  /// The six elements of an array from an index on.
  init(_ array: [Double], at index: Int) {
    self.init(
      SIMD2(array[index], array[index + 1]), SIMD2(array[index + 2], array[index + 3]),
      SIMD2(array[index + 4], array[index + 5]))
  }

  subscript(index: Int) -> Double {
    switch index >> 1 {
    case 0: a[index & 1]
    case 1: b[index & 1]
    default: c[index & 1]
    }
  }

  func dot(_ other: SIMD6) -> Double { (a * other.a + b * other.b + c * other.c).sum() }

  static func + (l: SIMD6, r: SIMD6) -> SIMD6 { SIMD6(l.a + r.a, l.b + r.b, l.c + r.c) }
  static func - (l: SIMD6, r: SIMD6) -> SIMD6 { SIMD6(l.a - r.a, l.b - r.b, l.c - r.c) }
  static func * (l: SIMD6, r: Double) -> SIMD6 { SIMD6(l.a * r, l.b * r, l.c * r) }
  static func += (l: inout SIMD6, r: SIMD6) { l = l + r }

  /// Adds to six doubles in memory.
  func add(to target: UnsafeMutablePointer<Double>) {
    for index in 0..<6 { target[index] += self[index] }
  }
}
