/// One view as fusion takes it.
struct FusionSource {
  var luma: FloatPlane
  var cb: FloatPlane
  var cr: FloatPlane
  var placement: ViewPlacement
  /// 0…1.
  var weight: Float
  /// How much each pixel of the reference agrees with this view, 0…1.
  var agreement: FloatPlane
}

/// Lays views over the reference on a finer grid.
///
/// Normalised convolution: each pixel of the result is the mean of the samples of all views near it, weighted by a Gaussian
/// of their distance, by the view, and by how far the view agrees with the reference there. Sources: Knutsson, Westin
/// 1993, "Normalized and differential convolution"; Wronski et al. 2019, "Handheld multi-frame super-resolution", §5
/// (robustness by local statistics of the reference).
struct ViewFusion {
  /// Pixels of the result for one of the reference, along a side.
  let scale: Int
  /// Of the Gaussian, in pixels of the views.
  let sigma: Float
  private let kernel: KernelTable

  init(scale: Int, sigma: Float) {
    (self.scale, self.sigma) = (scale, sigma)
    kernel = KernelTable(sigma: sigma)
  }

  /// The fused plane, `scale` times the size of the reference.
  /// - Parameters:
  ///   - plane: which plane of the sources; chroma planes are half as large as the agreement.
  ///   - isChroma: chroma has no gain and bias.
  func fuse(
    _ sources: [FusionSource], _ plane: KeyPath<FusionSource, FloatPlane>, reference: FloatPlane, unit: Double,
    isChroma: Bool
  ) -> FloatPlane {
    let (width, height) = (reference.width * scale, reference.height * scale)
    var sums = [Float](repeating: 0, count: width * height)
    var weights = [Float](repeating: 0, count: width * height)
    let ownUnit = isChroma ? unit / 2 : unit
    let frame = PlaneFrame(width: reference.width, height: reference.height, unit: ownUnit)
    for source in sources where source.weight > 0 {
      let view = source[keyPath: plane]
      let viewFrame = PlaneFrame(width: view.width, height: view.height, unit: ownUnit)
      let (gain, bias) = isChroma ? (1, 0) : (source.placement.gain, source.placement.bias)
      for y in 0..<height {
        let py = (Double(y) + 0.5) / Double(scale) - 0.5
        for x in 0..<width {
          let p = SIMD2((Double(x) + 0.5) / Double(scale) - 0.5, py)
          let agreement = agreement(source.agreement, x / scale, y / scale, isChroma)
          guard agreement > 0.01 else { continue }
          let q = viewFrame.pixel(source.placement.warp(frame.coordinate(p)))
          guard q.x > -0.5, q.y > -0.5, q.x < Double(view.width) - 0.5, q.y < Double(view.height) - 0.5 else {
            continue
          }
          let (sum, total) = gather(view, Float(q.x), Float(q.y))
          let factor = source.weight * agreement
          let at = y * width + x
          sums[at] += factor * (gain * sum + bias * total)
          weights[at] += factor * total
        }
      }
    }
    for at in sums.indices { sums[at] /= max(weights[at], 1e-12) }
    return FloatPlane(width: width, height: height, values: sums)
  }

  private func agreement(_ plane: FloatPlane, _ x: Int, _ y: Int, _ isChroma: Bool) -> Float {
    isChroma
      ? plane.values[min(2 * y, plane.height - 1) * plane.width + min(2 * x, plane.width - 1)]
      : plane.values[y * plane.width + x]
  }

  /// The weighted sum of the 3×3 samples around a place, and their weights.
  private func gather(_ view: FloatPlane, _ x: Float, _ y: Float) -> (sum: Float, weight: Float) {
    let (column, row) = (Int(x.rounded()), Int(y.rounded()))
    let across = kernel.weights(x - Float(column))
    let down = kernel.weights(y - Float(row))
    return view.values.withUnsafeBufferPointer { values in
      var (sum, weight): (Float, Float) = (0, 0)
      for dy in max(0, row - 1)...min(view.height - 1, row + 1) {
        let line = dy * view.width
        for dx in max(0, column - 1)...min(view.width - 1, column + 1) {
          let w = across[dx - column + 1] * down[dy - row + 1]
          sum += w * values[line + dx]
          weight += w
        }
      }
      return (sum, weight)
    }
  }

  /// How far a view agrees with the reference, pixel by pixel of the reference: 1 where both are the same but for noise,
  /// 0 where the view shows something else.
  static func agreement(
    of view: FloatPlane, _ placement: ViewPlacement, with reference: FloatPlane, noise: Float, unit: Double
  ) -> FloatPlane {
    let (width, height) = (reference.width, reference.height)
    let frame = PlaneFrame(width: width, height: height, unit: unit)
    let viewFrame = PlaneFrame(width: view.width, height: view.height, unit: unit)
    var difference = FloatPlane(width: width, height: height, values: reference.values)
    var isOutside = [Bool](repeating: false, count: width * height)
    for y in 0..<height {
      for x in 0..<width {
        let at = y * width + x
        let q = viewFrame.pixel(placement.warp(frame.coordinate(SIMD2(Double(x), Double(y)))))
        if let sample = view.sample(q) {
          difference.values[at] = placement.gain * sample + placement.bias - reference.values[at]
        } else {
          (difference.values[at], isOutside[at]) = (0, true)
        }
      }
    }
    let mean = reference.boxed
    let squares = FloatPlane(width: width, height: height, values: reference.values.map { $0 * $0 }).boxed
    var result = difference.boxed
    for at in result.values.indices {
      let variance = max(0, squares.values[at] - mean.values[at] * mean.values[at])
      // Where brightness varies, samples between pixels differ by a part of that.
      let expected = max(noise * noise, 1) + 0.25 * variance
      let excess = max(0, result.values[at] * result.values[at] / expected - 1)
      result.values[at] = isOutside[at] ? 0 : exponential(-0.5 * excess)
    }
    return result
  }
}

/// Weights of three samples by the place between them, from a table.
private struct KernelTable {
  private static let steps = 64
  private let table: [SIMD4<Float>]

  init(sigma: Float) {
    table = (0...Self.steps).map { step in
      let offset = Float(step) / Float(Self.steps) - 0.5
      func weight(_ distance: Float) -> Float { exponential(-distance * distance / (2 * sigma * sigma)) }
      return SIMD4(weight(offset + 1), weight(offset), weight(offset - 1), 0)
    }
  }

  /// - Parameter offset: from the middle sample, −½…½.
  func weights(_ offset: Float) -> SIMD4<Float> {
    table[min(max(Int(((offset + 0.5) * Float(Self.steps)).rounded()), 0), Self.steps)]
  }
}

extension FloatPlane {
  /// The value between pixels; `nil` outside.
  func sample(_ p: SIMD2<Double>) -> Float? {
    guard p.x >= 0, p.y >= 0, p.x <= Double(width - 1), p.y <= Double(height - 1) else { return nil }
    let (x0, y0) = (min(Int(p.x), max(width - 2, 0)), min(Int(p.y), max(height - 2, 0)))
    let (fx, fy) = (Float(p.x - Double(x0)), Float(p.y - Double(y0)))
    let (at, right, down) = (y0 * width + x0, width > 1 ? 1 : 0, height > 1 ? width : 0)
    let upper = values[at] + fx * (values[at + right] - values[at])
    let lower = values[at + down] + fx * (values[at + down + right] - values[at + down])
    return upper + fy * (lower - upper)
  }
}
