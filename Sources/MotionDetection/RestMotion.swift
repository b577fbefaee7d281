import Geometry

/// A point that has not moved by itself: where it is, and where it was.
struct RestPoint: Sendable {
  var now: SIMD2<Float>
  /// Where it was each of ``MotionField/spans`` ago, x and y in turn; not a number where it was not known then.
  var then: SIMD8<Float>

  /// Where it was one of ``MotionField/spans`` ago, or is now.
  func place(_ choice: Int?) -> SIMD2<Float> {
    guard let choice else { return now }
    return SIMD2(then[2 * choice], then[2 * choice + 1])
  }
}

/// Where what is at rest in a part of a picture is in another: an affine map, fitted to the points at rest there.
struct RestMotion: Sendable {
  private let centre: SIMD2<Float>
  private var shift: SIMD2<Float>
  private var across = SIMD2<Float>.zero
  private var down = SIMD2<Float>.zero

  /// - Parameters:
  ///   - box: the part of the picture that the map is from.
  ///   - from: which of ``MotionField/spans`` ago that picture was; `nil` is the latest.
  ///   - to: the same of the other picture.
  /// - Returns: `nil` where fewer than four points tell.
  init?(_ points: [RestPoint], in box: SIMD4<Float>, from: Int?, to: Int?) {
    centre = (box.lowHalf + box.highHalf) / 2
    var places: [(place: SIMD2<Float>, move: SIMD2<Float>)] = []
    var (xs, ys): ([Float], [Float]) = ([], [])
    for point in points {
      // What is not a number is in no box.
      let now = point.place(from)
      guard now.x > box.x, now.y > box.y, now.x < box.z, now.y < box.w else { continue }
      let move = point.place(to) - now
      guard move.x.isFinite else { continue }
      places.append((now - centre, move))
      xs.append(move.x)
      ys.append(move.y)
    }
    guard places.count >= 4 else { return nil }
    shift = SIMD2(Self.median(&xs), Self.median(&ys))
    for _ in 0..<4 {
      var normal = Matrix3(.zero, .zero, .zero)
      var (right, other) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
      for (place, move) in places {
        let error = move - self.move(place)
        let weight = Double(1 / (1 + (error * error).sum()))
        let row = SIMD3(1, Double(place.x), Double(place.y))
        normal = normal + weight * Matrix3(row * row.x, row * row.y, row * row.z)
        right += row * (weight * Double(move.x))
        other += row * (weight * Double(move.y))
      }
      // A few points close together say nothing of how motion varies.
      let ballast = 0.002 * Double(places.count) * 400
      normal = normal + Matrix3(.zero, SIMD3(0, ballast, 0), SIMD3(0, 0, ballast))
      guard let x = normal.solve(right), let y = normal.solve(other) else { break }
      shift = SIMD2(Float(x.x), Float(y.x))
      across = SIMD2(Float(x.y), Float(y.y))
      down = SIMD2(Float(x.z), Float(y.z))
    }
  }

  private static func median(_ values: inout [Float]) -> Float {
    values.sort()
    return values[values.count / 2]
  }

  private func move(_ place: SIMD2<Float>) -> SIMD2<Float> { shift + across * place.x + down * place.y }

  /// Where a pixel that is at rest is in the other picture.
  func then(_ now: SIMD2<Float>) -> SIMD2<Float> { now + move(now - centre) }
}
