import Foundation
import MediaModel
import MotionDetection
import Tracking

/// Writes what the motion mode is fitted to: for each object that is followed what is known of it, and what it is.
///
/// Two files a flight, numbers in little-endian order, for `Benchmarks/motion-fit/fit.py`:
/// - `SEED.measures`, a row an object and frame, of float32: the largest overlap with an object that moves; 1 where what it
///   overlaps counts neither way, or else 0; the measures of ``ObjectJudge``.
/// - `SEED.cells`, a row an object and every fourth frame, if the net looked at it: two float32: number of the object that
///   most of the cells that were held to be its show, 0 where that is none; 1 where that object is wanted. Then the net's
///   numbers, float16, cell by cell; then a byte a cell, 1 where it shows that object.
struct MotionSamples {
  private let measures: FileHandle
  private let cells: FileHandle
  private let resolution: Resolution
  /// Which moving object each pixel shows, 0 for none, row after row: of the latest frames, the newest last.
  private var maps: [[UInt16]] = []
  private var frame = 0

  /// Frames that the net looks back, and one.
  private static let keptFrames = 13
  /// From this share on cells are taken for an object's.
  private static let minimalShare: Float = 0.25
  /// Frames from one whose cells are written to the next.
  private static let interval = 4

  /// - Parameter folder: is made where it is not there.
  init(_ folder: URL, seed: UInt64, resolution: Resolution) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func file(_ name: String) throws -> FileHandle {
      let file = folder.appendingPathComponent("\(seed).\(name)")
      try Data().write(to: file)
      return try FileHandle(forWritingTo: file)
    }
    (measures, cells) = (try file("measures"), try file("cells"))
    self.resolution = resolution
  }

  /// Adds a frame.
  mutating func add(_ samples: [MotionSample], _ known: MotionBenchmark.Known) throws {
    maps.append(map(of: known.masks))
    if maps.count > Self.keptFrames { maps.removeFirst() }
    frame += 1
    let size = SIMD2(Float(resolution.width), Float(resolution.height))
    for sample in samples {
      let box = SIMD4(
        lowHalf: pointwiseMax(sample.box.lowHalf, .zero), highHalf: pointwiseMin(sample.box.highHalf, size))
      let overlap = known.objects.map { BoxOverlap.ofUnion($0.box, box) }.max() ?? 0
      let isExcused = known.objects.contains { $0.excuses(box) }
      var row = [overlap, isExcused ? 1 : 0]
      for measure in ObjectJudge.Measure.allCases { row.append(sample.measures[measure.rawValue]) }
      try measures.write(contentsOf: row.withUnsafeBytes { Data($0) })
      guard let looked = sample.cells, (frame + sample.object).isMultiple(of: Self.interval),
        looked.framesAgo < maps.count
      else { continue }
      try cells.write(contentsOf: cellRow(looked, known.objects))
    }
  }

  private func cellRow(_ looked: MotionSample.Cells, _ objects: [DetectionScore.Truth]) -> Data {
    let map = maps[maps.count - 1 - looked.framesAgo]
    let shown = looked.places.map { place -> UInt16 in
      guard place.min() >= 0, place.x < Float(resolution.width), place.y < Float(resolution.height) else { return 0 }
      return map[Int(place.y) * resolution.width + Int(place.x)]
    }
    var (votes, all): ([UInt16: Int], Int) = ([:], 0)
    for (object, values) in zip(shown, looked.measures) {
      let weight = (values[ShapeNet.own] > 0 ? 1 : 0) + (values[ShapeNet.patches] > 0.5 ? 2 : 0)
      votes[object, default: 0] += weight
      all += weight
    }
    let best = votes.filter { $0.key > 0 }.max { ($0.value, $1.key) < ($1.value, $0.key) }
    let share = Float(best?.value ?? 0) / Float(max(all, 1))
    let object = share >= Self.minimalShare ? best?.key ?? 0 : 0
    let isWanted = objects.contains { $0.id == Int(object) && $0.isWanted }
    var data = [Float(object), isWanted ? 1 : 0].withUnsafeBytes { Data($0) }
    let numbers = looked.measures.flatMap { values in (0..<ShapeNet.channels).map { Float16(values[$0]) } }
    data.append(numbers.withUnsafeBytes { Data($0) })
    data.append(contentsOf: shown.map { object > 0 && $0 == object ? 1 : 0 })
    return data
  }

  private func map(of masks: [Int: RunLengthMask]) -> [UInt16] {
    var map = [UInt16](repeating: 0, count: resolution.width * resolution.height)
    for (object, mask) in masks {
      var position = 0
      for (index, run) in mask.runs.enumerated() {
        // Runs go down the columns, and every other one is set.
        for pixel in position..<position + run where index % 2 == 1 {
          map[pixel % resolution.height * resolution.width + pixel / resolution.height] = UInt16(clamping: object)
        }
        position += run
      }
    }
    return map
  }
}
