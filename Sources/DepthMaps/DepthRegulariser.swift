/// Makes estimates answer for one another: those whose surroundings disagree are dropped, the others smoothed.
///
/// Source: Engel, Sturm, Cremers 2013, "Semi-Dense Visual Odometry for a Monocular Camera", §2.5.
struct DepthRegulariser {
  let width: Int
  let height: Int
  let radius: Float
  let minimalAgreement: Int

  /// One estimate by its pixel.
  struct Sample {
    var x: Float
    var y: Float
    var inverseDepth: Float
    var variance: Float
    var confidence: Float
  }

  /// The samples that are left, in their order.
  func regularise(_ samples: [Sample]) -> [Sample] {
    let grid = SampleGrid(samples, width: width, height: height, side: max(radius, 1))
    var result: [Sample] = []
    result.reserveCapacity(samples.count)
    samples.withUnsafeBufferPointer { samples in
      grid.withUnsafePointers { starts, members in
        for sample in samples {
          if let agreed = agreed(sample, samples, grid, starts, members) { result.append(agreed) }
        }
      }
    }
    return result
  }

  private func agreed(
    _ sample: Sample, _ samples: UnsafeBufferPointer<Sample>, _ grid: SampleGrid, _ starts: UnsafePointer<Int32>,
    _ members: UnsafePointer<Int32>
  ) -> Sample? {
    var (agreeing, disagreeing) = (0, 0)
    var weights = 1 / sample.variance
    var sum = sample.inverseDepth * weights
    let (column, row) = grid.cell(sample)
    for y in max(row - 1, 0)...min(row + 1, grid.rows - 1) {
      for x in max(column - 1, 0)...min(column + 1, grid.columns - 1) {
        let cell = y * grid.columns + x
        for index in Int(starts[cell])..<Int(starts[cell + 1]) {
          let other = samples[Int(members[index])]
          let (dx, dy) = (other.x - sample.x, other.y - sample.y)
          let squaredDistance = dx * dx + dy * dy
          guard squaredDistance <= radius * radius, squaredDistance > 0 else { continue }
          let difference = other.inverseDepth - sample.inverseDepth
          guard difference * difference <= 4 * (sample.variance + other.variance) else {
            disagreeing += 1
            continue
          }
          agreeing += 1
          let weight = (1 - squaredDistance / (radius * radius * 1.1)) / (other.variance + difference * difference)
          weights += weight
          sum += weight * other.inverseDepth
        }
      }
    }
    guard agreeing >= minimalAgreement, agreeing >= disagreeing else { return nil }
    var result = sample
    result.inverseDepth = sum / weights
    result.confidence *= Float(agreeing) / Float(agreeing + disagreeing)
    return result
  }
}

/// Samples by square cells of the picture.
struct SampleGrid {
  let columns: Int
  let rows: Int
  private let side: Float
  /// Where each cell's members start, and where the last ends.
  private var starts: [Int32]
  private var members: [Int32]

  /// - Precondition: the samples lie on the picture.
  init(_ samples: [DepthRegulariser.Sample], width: Int, height: Int, side: Float) {
    self.side = side
    columns = Int(Float(width) / side) + 1
    rows = Int(Float(height) / side) + 1
    starts = [Int32](repeating: 0, count: columns * rows + 1)
    members = [Int32](repeating: 0, count: samples.count)
    for sample in samples {
      let (column, row) = cell(sample)
      starts[row * columns + column + 1] += 1
    }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var next = starts
    for (index, sample) in samples.enumerated() {
      let (column, row) = cell(sample)
      members[Int(next[row * columns + column])] = Int32(index)
      next[row * columns + column] += 1
    }
  }

  @inline(__always)
  func cell(_ sample: DepthRegulariser.Sample) -> (column: Int, row: Int) {
    (Int(sample.x / side), Int(sample.y / side))
  }

  func withUnsafePointers(_ body: (UnsafePointer<Int32>, UnsafePointer<Int32>) -> Void) {
    starts.withUnsafeBufferPointer { starts in
      members.withUnsafeBufferPointer { members in
        guard let start = starts.baseAddress, let member = members.baseAddress else { return }
        body(start, member)
      }
    }
  }
}
