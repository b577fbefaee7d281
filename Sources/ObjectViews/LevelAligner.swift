import LinearAlgebra

/// Aligns one level of a view with that of the reference.
struct LevelAligner {
  /// What may change, as places in the parameters of a ``PlaneWarp``.
  enum Freedom {
    case shift, affine, homography

    var parameters: [Int] {
      switch self {
      case .shift: [2, 5]
      case .affine: [0, 1, 2, 3, 4, 5]
      case .homography: [0, 1, 2, 3, 4, 5, 6, 7]
      }
    }
  }

  var plane: FloatPlane
  var frame: PlaneFrame
  /// Pixels of the reference that count, and their gradients, grey levels per pixel.
  var places: [Int32]
  var gradients: [SIMD2<Float>]
  var view: FloatPlane
  var viewFrame: PlaneFrame

  /// How well both agree, with the gain and bias that make them agree best.
  private struct Agreement {
    var gain: Float
    var bias: Float
    var residual: Float
    var correlation: Float
    /// A robust deviation: 1.48 times the median of what differs.
    var deviation: Float
  }

  /// The best of shifts by whole pixels, up to three each way.
  func searched(around warp: PlaneWarp) -> PlaneWarp {
    var (best, residual) = (warp, Float.infinity)
    let pixel = 1 / frame.unit
    for dy in -3...3 {
      for dx in -3...3 {
        var moved = warp
        moved.h.2 += Double(dx) * pixel
        moved.h.5 += Double(dy) * pixel
        guard let found = agreement(samples(moved)) else { continue }
        if found.residual < residual { (best, residual) = (moved, found.residual) }
      }
    }
    return best
  }

  /// - Returns: `nil` when too little of the object is in the view, or nothing can be aligned.
  func align(_ start: PlaneWarp, _ freedom: Freedom, rounds: Int) -> ViewPlacement? {
    var warp = start
    var best: ViewPlacement?
    for _ in 0...rounds {
      let samples = samples(warp)
      guard let now = agreement(samples) else { break }
      // A step that made it worse is not taken, and there is no better one.
      if let best, now.residual > best.residual * 1.0001 { break }
      best = ViewPlacement(
        warp: warp, gain: now.gain, bias: now.bias, residual: now.residual, correlation: now.correlation)
      guard let step = step(samples, now, freedom), let next = warp.afterInverse(of: step) else { break }
      warp = next
      let largest = step.reduce(0) { max($0, abs($1)) } * frame.unit
      if largest < 0.003 { break }
    }
    return best
  }

  /// The view's brightness at each place; NaN outside it.
  private func samples(_ warp: PlaneWarp) -> [Float] {
    let (width, height) = (view.width, view.height)
    return view.values.withUnsafeBufferPointer { values in
      places.map { place in
        let (y, x) = Int(place).quotientAndRemainder(dividingBy: plane.width)
        let p = viewFrame.pixel(warp(frame.coordinate(SIMD2(Double(x), Double(y)))))
        guard p.x >= 0, p.y >= 0, p.x < Double(width - 1), p.y < Double(height - 1) else { return .nan }
        let (x0, y0) = (Int(p.x), Int(p.y))
        let (fx, fy) = (Float(p.x - Double(x0)), Float(p.y - Double(y0)))
        let at = y0 * width + x0
        let upper = values[at] + fx * (values[at + 1] - values[at])
        let lower = values[at + width] + fx * (values[at + width + 1] - values[at + width])
        return upper + fy * (lower - upper)
      }
    }
  }

  private func agreement(_ samples: [Float]) -> Agreement? {
    var (n, sa, sb, saa, sab, sbb) = (0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for (index, sample) in samples.enumerated() where !sample.isNaN {
      let (a, b) = (Double(sample), Double(plane.values[Int(places[index])]))
      n += 1
      sa += a
      sb += b
      saa += a * a
      sab += a * b
      sbb += b * b
    }
    // Two thirds of the object have to be there.
    guard n >= 16, 3 * n >= 2 * places.count else { return nil }
    let count = Double(n)
    let (va, vb, cab) = (
      saa / count - sa * sa / count / count, sbb / count - sb * sb / count / count,
      sab / count - sa * sb / count / count
    )
    guard va > 0.25, vb > 0.25, cab > 0 else { return nil }
    let gain = min(max(cab / va, 0.5), 2)
    let bias = (sb - gain * sa) / count
    var magnitudes: [Float] = []
    magnitudes.reserveCapacity(n)
    var squares = 0.0
    for (index, sample) in samples.enumerated() where !sample.isNaN {
      let difference = Float(gain) * sample + Float(bias) - plane.values[Int(places[index])]
      squares += Double(difference * difference)
      magnitudes.append(abs(difference))
    }
    magnitudes.sort()
    return Agreement(
      gain: Float(gain), bias: Float(bias), residual: Float((squares / count).squareRoot()),
      correlation: Float(cab / (va * vb).squareRoot()), deviation: max(1.48 * magnitudes[n / 2], 0.5))
  }

  /// What to undo on the side of the reference, as eight parameters.
  private func step(_ samples: [Float], _ agreement: Agreement, _ freedom: Freedom) -> [Double]? {
    let parameters = freedom.parameters
    let count = parameters.count
    var normal = [Double](repeating: 0, count: count * count)
    var right = [Double](repeating: 0, count: count)
    var row = [Double](repeating: 0, count: 8)
    let threshold = 1.345 * agreement.deviation
    for (index, sample) in samples.enumerated() where !sample.isNaN {
      let place = Int(places[index])
      let (y, x) = place.quotientAndRemainder(dividingBy: plane.width)
      let u = frame.coordinate(SIMD2(Double(x), Double(y)))
      let (gx, gy) = (Double(gradients[index].x) * frame.unit, Double(gradients[index].y) * frame.unit)
      let along = gx * u.x + gy * u.y
      (row[0], row[1], row[2]) = (gx * u.x, gx * u.y, gx)
      (row[3], row[4], row[5]) = (gy * u.x, gy * u.y, gy)
      (row[6], row[7]) = (-along * u.x, -along * u.y)
      let error = agreement.gain * sample + agreement.bias - plane.values[place]
      let weight = Double(abs(error) <= threshold ? 1 : threshold / abs(error))
      for i in 0..<count {
        let scaled = weight * row[parameters[i]]
        right[i] += scaled * Double(error)
        for j in 0...i { normal[i * count + j] += scaled * row[parameters[j]] }
      }
    }
    var matrix = Matrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0...i {
        matrix[i, j] = normal[i * count + j]
        matrix[j, i] = normal[i * count + j]
      }
      // A trace of damping keeps directions without texture where they are.
      matrix[i, i] += 1e-6 * normal[i * count + i] + 1e-9
    }
    guard let factor = Cholesky(matrix) else { return nil }
    var step = [Double](repeating: 0, count: 8)
    for (value, parameter) in zip(factor.solve(right), parameters) { step[parameter] = value }
    return step.allSatisfy(\.isFinite) ? step : nil
  }
}
