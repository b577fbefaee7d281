import MaskRefinement
import MediaModel
import Tracking

/// Gives objects of which only boxes are known their pixels.
struct ObjectCutter {
  private struct Cut {
    var box: SIMD4<Float>
    var mask: RunLengthMask
    /// Number of the picture.
    var turn: Int
  }

  private let refiner: MaskRefiner
  private let masksPerPicture: Int
  private var turn = 0
  /// The latest masks, of the objects of the latest picture only.
  private var cuts: [Int: Cut] = [:]

  init(_ refiner: MaskRefiner, masksPerPicture: Int) {
    self.refiner = refiner
    self.masksPerPicture = masksPerPicture
  }

  mutating func reset() { cuts = [:] }

  /// - Parameter isLive: whether there is time for so many only; those with the oldest masks come first.
  mutating func cut(_ objects: [TrackedObject], from picture: Picture, isLive: Bool) -> [TrackedObject] {
    turn += 1
    let seen = objects.indices.filter { objects[$0].sighting != .predicted }
    let order = seen.sorted { (cuts[objects[$0].id]?.turn ?? -1, $0) < (cuts[objects[$1].id]?.turn ?? -1, $1) }
    let chosen = Set(isLive ? Array(order.prefix(masksPerPicture)) : order)
    var result = objects
    var next: [Int: Cut] = [:]
    for index in objects.indices {
      let object = objects[index]
      let before = cuts[object.id]
      guard chosen.contains(index) else {
        next[object.id] = before
        if object.sighting != .predicted { result[index].mask = before?.mask.moved(from: before?.box, to: object.box) }
        continue
      }
      let mask = refiner.refined(box: object.box, in: picture)
      result[index].mask = mask
      if let mask { next[object.id] = Cut(box: object.box, mask: mask, turn: turn) }
    }
    cuts = next
    return result
  }
}

extension RunLengthMask {
  /// The mask, moved as a box was; only what stays in the new box.
  func moved(from old: SIMD4<Float>?, to new: SIMD4<Float>) -> RunLengthMask? {
    guard let old else { return nil }
    let move = (new.lowHalf + new.highHalf - old.lowHalf - old.highHalf) / 2
    let (right, down) = (Int(move.x.rounded()), Int(move.y.rounded()))
    let (width, height) = (resolution.width, resolution.height)
    func range(_ low: Float, _ high: Float, _ size: Int) -> Range<Int> {
      let first = min(max(Int(low.rounded()), 0), size)
      return first..<max(first, min(Int(high.rounded()), size))
    }
    let (columns, rows) = (range(new.x, new.z, width), range(new.y, new.w, height))
    var bits = [Bool](repeating: false, count: columns.count * rows.count)
    var position = 0
    for (index, run) in runs.enumerated() {
      if index % 2 == 1 {
        for place in position..<position + run {
          let (x, y) = (place / height + right, place % height + down)
          if columns.contains(x), rows.contains(y) {
            bits[(x - columns.lowerBound) * rows.count + y - rows.lowerBound] = true
          }
        }
      }
      position += run
    }
    return RunLengthMask(resolution: resolution, columns: columns, rows: rows) { x, y in
      bits[(x - columns.lowerBound) * rows.count + y - rows.lowerBound]
    }
  }
}
