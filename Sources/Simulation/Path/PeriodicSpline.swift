/// A closed uniform B-spline of degree five: four times continuously differentiable, so that acceleration and angular
/// acceleration of what flies along it are smooth.
///
/// It passes near its control points, not through them. Values may advance by `winding` with every period, as the
/// heading of a flight that turns once a lap does.
struct PeriodicSpline {
  /// Seconds from one control point to the next.
  let interval: Double
  let points: [Double]
  let winding: Double

  var period: Double { interval * Double(points.count) }

  init(interval: Double, points: [Double], winding: Double = 0) {
    self.interval = interval
    self.points = points
    self.winding = winding
  }

  /// Value and first three derivatives at a time, by de Boor's triangle on the differences.
  func evaluate(at time: Double) -> (value: Double, first: Double, second: Double, third: Double) {
    let scaled = time / interval
    let whole = scaled.rounded(.down)
    let t = scaled - whole
    let base = Int(whole)
    var control: (Double, Double, Double, Double, Double, Double) = (0, 0, 0, 0, 0, 0)
    control = (point(base - 2), point(base - 1), point(base), point(base + 1), point(base + 2), point(base + 3))
    let p = [control.0, control.1, control.2, control.3, control.4, control.5]
    func blend(_ p: [Double], degree: Int) -> Double {
      // A uniform B-spline segment: each round blends neighbours over a shrinking window.
      var values = p
      for round in 0..<degree {
        let span = Double(degree - round)
        for index in 0..<degree - round {
          let alpha = (t + span - 1 - Double(index)) / span
          values[index] = (1 - alpha) * values[index] + alpha * values[index + 1]
        }
      }
      return values[0]
    }
    func differences(_ p: [Double]) -> [Double] { zip(p.dropFirst(), p).map { ($0 - $1) / interval } }
    let p1 = differences(p)
    let p2 = differences(p1)
    let p3 = differences(p2)
    return (blend(p, degree: 5), blend(p1, degree: 4), blend(p2, degree: 3), blend(p3, degree: 2))
  }

  private func point(_ index: Int) -> Double {
    let count = points.count
    let lap = index >= 0 ? index / count : -((count - 1 - index) / count)
    return points[index - lap * count] + Double(lap) * winding
  }
}
