/// Sharpens what lens, motion and sampling blurred.
struct ViewDeblur {
  /// Of the Gaussian that is undone, pixels.
  let sigma: Float
  /// How much noise there is against detail, as powers: more leaves more of the blur, and less noise. Wiener's filter
  /// for detail of equal power at all frequencies.
  let damping: Float
  /// With 20 good views or more.
  static let leastDamping: Float = 0.008
  /// Rounds of conjugate gradients; 20 solve what a damping of 0.003 leaves to solve to a grey level.
  static let rounds = 20
  /// How far the result may leave what the blurred image has within 2σ, as a part of the range there.
  static let overshoot: Float = 0.15

  /// Undoes the blur: the image `x` of the least `|B·x − z|² + damping · |x − z|²`, where `B` blurs and `z` is given,
  /// by conjugate gradients; what rings is held to the range of the neighbourhood.
  ///
  /// Sources: Wiener 1949; Hestenes, Stiefel 1952, "Methods of conjugate gradients for solving linear systems".
  func restored(_ image: FloatPlane) -> FloatPlane {
    guard sigma > 0.1 else { return image }
    let kernel = FloatPlane.gaussian(sigma)
    // Blurring twice is `BᵀB`, but for the edge of the image.
    func system(_ x: FloatPlane) -> FloatPlane {
      var result = x.filtered(kernel).filtered(kernel)
      for at in result.values.indices { result.values[at] += damping * x.values[at] }
      return result
    }
    // In steps from the blurred image, `x = z + d`: `(BᵀB + λ) d = B(z − B z)`.
    var right = image
    let blurred = image.filtered(kernel)
    for at in right.values.indices { right.values[at] -= blurred.values[at] }
    var residual = right.filtered(kernel)
    var direction = residual
    var estimate = image
    var power = residual.power
    let enough = power * 1e-6
    for _ in 0..<Self.rounds where power > enough {
      let image = system(direction)
      let step = power / max(direction.product(image), .leastNormalMagnitude)
      for at in estimate.values.indices {
        estimate.values[at] += Float(step) * direction.values[at]
        residual.values[at] -= Float(step) * image.values[at]
      }
      let next = residual.power
      let turn = Float(next / power)
      for at in direction.values.indices { direction.values[at] = residual.values[at] + turn * direction.values[at] }
      power = next
    }
    let radius = max(1, Int((2 * sigma).rounded()))
    let (low, high) = (image.extreme(radius, by: min), image.extreme(radius, by: max))
    for at in estimate.values.indices {
      let room = Self.overshoot * (high.values[at] - low.values[at])
      estimate.values[at] = min(max(estimate.values[at], low.values[at] - room), high.values[at] + room)
    }
    return estimate
  }

  /// The blur of an image, as the σ of a Gaussian, from its strongest edges taken for steps: blurring it once more flattens
  /// sharp edges more than blurred ones.
  ///
  /// Source: Zhuo, Sim 2011, "Defocus map estimation from a single image", §3.
  /// - Parameters:
  ///   - again: σ of the second blur, pixels.
  ///   - noise: deviation of the noise; gradients like it are no edges.
  /// - Returns: `nil` when it has no edges.
  static func blur(of image: FloatPlane, again: Float, noise: Float) -> Float? {
    let blurred = image.blurred(sigma: again)
    let (width, height) = (image.width, image.height)
    var edges: [(strength: Float, sigma: Float)] = []
    for y in stride(from: 2, to: height - 2, by: 1) {
      for x in stride(from: 2, to: width - 2, by: 1) {
        let at = y * width + x
        let strength = image.gradient(at)
        guard strength > max(4 * noise, 3) else { continue }
        // Only the middle of an edge tells.
        guard strength >= image.gradient(at - 1), strength >= image.gradient(at + 1),
          strength >= image.gradient(at - width) || strength >= image.gradient(at + width)
        else { continue }
        let ratio = strength / max(blurred.gradient(at), 1e-3)
        guard ratio > 1.02 else { continue }
        edges.append((strength, again / (ratio * ratio - 1).squareRoot()))
      }
    }
    guard edges.count >= 12 else { return nil }
    edges.sort { ($0.strength, $0.sigma) > ($1.strength, $1.sigma) }
    // Of the strongest third, the lower quarter: steps look like that, soft shapes do not.
    let strong = edges.prefix(max(12, edges.count / 3)).map(\.sigma).sorted()
    return strong[strong.count / 4]
  }
}

extension FloatPlane {
  fileprivate var power: Double { product(self) }

  fileprivate func product(_ other: FloatPlane) -> Double {
    var sum = 0.0
    for at in values.indices { sum += Double(values[at] * other.values[at]) }
    return sum
  }

  fileprivate func gradient(_ at: Int) -> Float {
    let (dx, dy) = (values[at + 1] - values[at - 1], values[at + width] - values[at - width])
    return (dx * dx + dy * dy).squareRoot() / 2
  }

  /// The least or greatest value within a square.
  fileprivate func extreme(_ radius: Int, by choose: (Float, Float) -> Float) -> FloatPlane {
    var rows = values
    for y in 0..<height {
      for x in 0..<width {
        var value = values[y * width + x]
        for k in max(0, x - radius)...min(width - 1, x + radius) { value = choose(value, values[y * width + k]) }
        rows[y * width + x] = value
      }
    }
    var result = rows
    for y in 0..<height {
      for k in max(0, y - radius)...min(height - 1, y + radius) {
        for x in 0..<width { result[y * width + x] = choose(result[y * width + x], rows[k * width + x]) }
      }
    }
    return FloatPlane(width: width, height: height, values: result)
  }
}
