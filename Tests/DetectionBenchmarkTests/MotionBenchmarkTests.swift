import DetectionBenchmark
import Foundation
import MediaModel
import MotionDetection
import TestSupport
import Testing

@Suite struct MotionBenchmarkTests {
  @Test func aFlightIsMeasured() throws {
    let row = try MotionBenchmark.run(seed: 5, seconds: 2, resolution: Resolution(width: 320, height: 180))
    #expect(row.frames == 30)
    #expect(row.framesPerSecond > 0)
    #expect((0...1).contains(row.precision) && (0...1).contains(row.recall))
    #expect(MotionBenchmark.table([row]).contains("| 5 | 30 |"))
  }

  @Test func whatTheModeIsFittedToIsWritten() throws {
    let folder = TemporaryFolder()
    _ = try MotionBenchmark.run(
      seed: 5, seconds: 3, resolution: Resolution(width: 640, height: 360), samples: folder.url)
    let measures = try Data(contentsOf: folder.file("5.measures"))
    let row = 4 * (2 + ObjectJudge.Measure.allCases.count)
    #expect(measures.count > 100 * row && measures.count.isMultiple(of: row))
    func number(_ data: Data, _ place: Int) -> Float {
      data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Float.self) }
    }
    let overlaps = stride(from: 0, to: measures.count, by: row).map { number(measures, $0) }
    #expect(overlaps.allSatisfy { (0...1).contains($0) } && overlaps.contains { $0 > 0.5 } && overlaps.contains(0))

    let cells = try Data(contentsOf: folder.file("5.cells"))
    let count = ShapeNet.side * ShapeNet.side
    let (head, size) = (8, 8 + count * (2 * ShapeNet.channels + 1))
    #expect(cells.count > 10 * size && cells.count.isMultiple(of: size))
    var objects: Set<Float> = []
    for start in stride(from: 0, to: cells.count, by: size) {
      let shown = cells[start + head + 2 * count * ShapeNet.channels..<start + size]
      #expect(shown.allSatisfy { $0 <= 1 })
      let object = number(cells, start)
      // Cells that show an object are marked where there is one, and there only.
      #expect((object > 0) == shown.contains(1))
      objects.insert(object)
    }
    #expect(objects.count > 2)
  }
}
