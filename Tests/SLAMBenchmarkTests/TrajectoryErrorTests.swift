import Geometry
import MapFormats
import SLAMBenchmark
import Testing

@Suite struct TrajectoryErrorTests {
  private func path(_ count: Int, _ position: (Double) -> SIMD3<Double>) -> [TimedPose] {
    (0..<count).map { index in
      TimedPose(
        nanos: Int64(index) * 50_000_000,
        worldFromCamera: SE3(rotation: .identity, translation: position(Double(index) / 10)))
    }
  }

  private func bend(_ t: Double) -> SIMD3<Double> { SIMD3(t, t * t / 5, 0.3 * t * (3 - t)) }

  @Test func aTurnedAndScaledPathHasNoError() throws {
    let truth = path(40, bend)
    let moved = Sim3(scale: 0.25, rotation: .exp(SIMD3(0.3, 1, -2)), translation: SIMD3(7, 8, 9))
    let estimate = path(40) { moved * bend($0) }
    let error = try #require(TrajectoryError(truth: truth, estimate: estimate, withScale: true))
    #expect(error.rootMeanSquare < 1e-9 && error.coverage == 1 && abs(error.scale - 4) < 1e-9)
    let rigid = try #require(TrajectoryError(truth: truth, estimate: estimate, withScale: false))
    #expect(rigid.rootMeanSquare > 0.5 && rigid.scale == 1)
  }

  @Test func posesWithoutAPartnerCountAsNotCovered() throws {
    let truth = path(40, bend)
    let estimate = path(40, bend).enumerated().filter { $0.offset % 4 != 0 }.map(\.element)
    let error = try #require(TrajectoryError(truth: truth, estimate: estimate, withScale: true))
    #expect(error.coverage == 0.75 && error.rootMeanSquare < 1e-9)
    #expect(TrajectoryError(truth: truth, estimate: [], withScale: true) == nil)
    #expect(TrajectoryError(truth: [], estimate: estimate, withScale: true) == nil)
  }
}
