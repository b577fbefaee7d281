import Vision

/// Points all over the picture, each followed from frame to frame: one in each cell that has texture.
///
/// Positions are pixels of the working picture. Each point keeps where it was in the last ``memory`` frames.
struct PointField: Sendable {
  /// Frames back to which a point knows where it was.
  static let memory = 16

  /// Side of a cell, pixels.
  let cellSize: Int
  let width: Int
  let height: Int
  let columns: Int
  let rows: Int

  /// Where points are now.
  private(set) var positions: [SIMD2<Float>] = []
  /// Frames that each has been followed for.
  private(set) var ages: [Int32] = []
  /// What can be followed there: structure tensors, xx, xy, yy, (grey levels per pixel)².
  private(set) var tensors: [SIMD3<Float>] = []
  /// Where each was in frame n, at n modulo ``memory``.
  private var history: [SIMD2<Float>] = []
  /// How sure it is that each moves by itself: above 0 moving, below 0 at rest. For whoever decides that.
  var evidence: [Float] = []
  /// Number of the latest frame.
  private(set) var frame = -1

  private let aligner = PatchAligner()
  /// Greatest difference after alignment, grey levels.
  private let maximalResidual: Float = 12

  init(width: Int, height: Int, cellSize: Int) {
    (self.width, self.height, self.cellSize) = (width, height, cellSize)
    columns = (width + cellSize - 1) / cellSize
    rows = (height + cellSize - 1) / cellSize
  }

  var count: Int { positions.count }

  /// Where a point was `frames` ago, at most its age and less than ``memory``.
  func position(_ index: Int, before frames: Int) -> SIMD2<Float> {
    history[index * Self.memory + (frame - frames) & (Self.memory - 1)]
  }

  /// The cell of a position inside the picture.
  func cell(_ position: SIMD2<Float>) -> Int {
    Int(position.y) / cellSize * columns + Int(position.x) / cellSize
  }

  /// Follows all points into the next picture, forgets those that were lost, and starts new ones where none is.
  /// - Parameter predict: where a point is expected that has no path of its own yet.
  mutating func advance(
    from previous: WorkingPicture?, to next: WorkingPicture, predict: (SIMD2<Float>) -> SIMD2<Float>
  ) {
    frame += 1
    var owner = [Int32](repeating: -1, count: columns * rows)
    if let previous { follow(from: previous, to: next, owner: &owner, predict: predict) }
    seed(next, owner: owner)
  }

  private mutating func follow(
    from previous: WorkingPicture, to next: WorkingPicture, owner: inout [Int32],
    predict: (SIMD2<Float>) -> SIMD2<Float>
  ) {
    var kept = 0
    for index in 0..<count {
      let old = positions[index]
      let age = ages[index]
      let guess: SIMD2<Float>
      if age > 0 {
        // The frame before the latest one that is kept.
        let before = history[index * Self.memory + (frame - 2) & (Self.memory - 1)]
        guess = old + (old - before)
      } else {
        guess = predict(old)
      }
      guard
        let match = aligner.align(old, from: previous, to: next, guess: guess, coarsest: age > 1 ? 1 : 2),
        match.residual <= maximalResidual, isInside(match.position)
      else { continue }
      let cell = cell(match.position)
      let rival = owner[cell]
      // Of several points in one cell the oldest stays, of two equally old ones the first.
      if rival >= 0 {
        guard age + 1 > ages[Int(rival)] + 4 else { continue }
        store(index, at: Int(rival), match, age: age + 1)
        continue
      }
      owner[cell] = Int32(kept)
      store(index, at: kept, match, age: age + 1)
      kept += 1
    }
    positions.removeLast(count - kept)
    ages.removeLast(ages.count - kept)
    evidence.removeLast(evidence.count - kept)
    tensors.removeLast(tensors.count - kept)
    history.removeLast(history.count - kept * Self.memory)
  }

  private mutating func store(_ source: Int, at target: Int, _ match: PatchAligner.Match, age: Int32) {
    positions[target] = match.position
    tensors[target] = match.tensor
    ages[target] = age
    evidence[target] = evidence[source]
    if source != target {
      for slot in 0..<Self.memory { history[target * Self.memory + slot] = history[source * Self.memory + slot] }
    }
    history[target * Self.memory + frame & (Self.memory - 1)] = match.position
  }

  private func isInside(_ position: SIMD2<Float>) -> Bool {
    position.x >= 5 && position.y >= 5 && position.x < Float(width - 6) && position.y < Float(height - 6)
  }

  /// Starts a point in each empty cell, where it can be followed best.
  private mutating func seed(_ picture: WorkingPicture, owner: [Int32]) {
    let strengths = CornerStrengths(of: picture.image)
    let border = 6
    strengths.values.withUnsafeBufferPointer { values in
      for row in 0..<rows {
        let ys = (row * cellSize..<(row + 1) * cellSize).clamped(to: border..<height - border)
        guard !ys.isEmpty else { continue }
        for column in 0..<columns where owner[row * columns + column] < 0 {
          let xs = (column * cellSize..<(column + 1) * cellSize).clamped(to: border..<width - border)
          guard !xs.isEmpty else { continue }
          var (best, place) = (aligner.minimalStrength, -1)
          for y in ys {
            for x in xs where values[y &* width &+ x] > best {
              (best, place) = (values[y &* width &+ x], y &* width &+ x)
            }
          }
          guard place >= 0 else { continue }
          let position = SIMD2(Float(place % width), Float(place / width))
          positions.append(position)
          ages.append(0)
          evidence.append(0)
          tensors.append(.zero)
          let start = history.count
          history.append(contentsOf: repeatElement(.zero, count: Self.memory))
          history[start + frame & (Self.memory - 1)] = position
        }
      }
    }
  }
}
