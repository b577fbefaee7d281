import Geometry
import ObjectMapping
import Testing

@Suite struct PoseHistoryTests {
  private static func pose(_ x: Double) -> SE3 { SE3(rotation: .identity, translation: SIMD3(x, 0, 0)) }

  @Test func timesBetweenPosesAreInterpolated() {
    var history = PoseHistory()
    history.add(nanos: 200_000_000, map: 0, worldFromCamera: Self.pose(2))
    history.add(nanos: 100_000_000, map: 0, worldFromCamera: Self.pose(1))
    guard case .pose(0, let between) = history.answer(at: 150_000_000) else {
      Issue.record("no pose")
      return
    }
    #expect(abs(between.translation.x - 1.5) < 1e-9)
    #expect(history.answer(at: 200_000_400) == .pose(map: 0, worldFromCamera: Self.pose(2)))
    #expect(history.answer(at: 250_000_000) == .notYet)
    #expect(history.answer(at: 250_000_000, isComplete: true) == .unknown)
    #expect(history.answer(at: 50_000_000) == .unknown)
  }

  @Test func nothingIsToldAcrossGapsAndMaps() {
    var history = PoseHistory(limit: 8)
    history.add(nanos: 0, map: 0, worldFromCamera: Self.pose(0))
    history.add(nanos: 2_000_000_000, map: 0, worldFromCamera: Self.pose(1))
    history.add(nanos: 2_100_000_000, map: 1, worldFromCamera: Self.pose(2))
    history.add(nanos: 2_200_000_000, map: 1, worldFromCamera: nil)
    #expect(history.answer(at: 1_000_000_000) == .unknown)
    #expect(history.answer(at: 2_050_000_000) == .unknown)
    #expect(history.answer(at: 2_150_000_000) == .unknown)
    #expect(history.answer(at: 2_200_000_000) == .unknown)
    for index in 0..<100 { history.add(nanos: 3_000_000_000 + Int64(index), map: 1, worldFromCamera: Self.pose(0)) }
    #expect(history.answer(at: 2_000_000_000) == .unknown)
  }
}
