/// A polynomial of low degree with real coefficients.
struct Polynomial {
  /// The coefficient of each power, from the constant on.
  let coefficients: [Double]

  func callAsFunction(_ x: Double) -> Double { coefficients.reversed().reduce(0) { $0 * x + $1 } }

  var derivative: Polynomial {
    Polynomial(coefficients: coefficients.enumerated().dropFirst().map { Double($0.offset) * $0.element })
  }

  /// The real roots in ascending order; of a double root one, if rounding leaves it.
  ///
  /// Between two neighbouring roots of the derivative a polynomial is monotonic and has one root at most, which
  /// bisection and Newton steps find.
  var realRoots: [Double] {
    guard let leading = coefficients.last else { return [] }
    let scale = coefficients.reduce(0) { max($0, abs($1)) }
    guard scale > 0, scale.isFinite else { return [] }
    guard abs(leading) > 1e-14 * scale else { return Polynomial(coefficients: coefficients.dropLast()).realRoots }
    guard coefficients.count > 2 else { return coefficients.count == 2 ? [-coefficients[0] / leading] : [] }
    // Cauchy's bound on the size of roots.
    let bound = 1 + coefficients.dropLast().reduce(0) { max($0, abs($1 / leading)) }
    let edges = [-bound] + derivative.realRoots.filter { abs($0) < bound } + [bound]
    var roots: [Double] = []
    for (low, high) in zip(edges, edges.dropFirst()) {
      guard let root = root(between: low, and: high), root != roots.last else { continue }
      roots.append(root)
    }
    return roots
  }

  private func root(between start: Double, and end: Double) -> Double? {
    var (low, high) = (start, end)
    let (valueLow, valueHigh) = (self(low), self(high))
    if valueLow == 0 { return low }
    if valueHigh == 0 { return high }
    guard (valueLow < 0) != (valueHigh < 0) else { return nil }
    let derivative = derivative
    var x = (low + high) / 2
    for _ in 0..<200 {
      let value = self(x)
      if value == 0 { return x }
      if (value < 0) == (valueLow < 0) { low = x } else { high = x }
      let newton = x - value / derivative(x)
      let next = newton > low && newton < high ? newton : (low + high) / 2
      if abs(next - x) <= 1e-15 * max(1, abs(x)) { return next }
      x = next
    }
    return x
  }
}
