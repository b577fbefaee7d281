import DepthMaps
import Geometry
import TestSupport
import Testing

@Suite struct VoxelFilterTests {
  private func cloud(_ generator: inout SeededGenerator, count: Int = 2000) -> PosedCloud {
    let points = (0..<count).map { _ in
      ColouredPoint(
        position: SIMD3(
          .random(in: -1...1, using: &generator), .random(in: -1...1, using: &generator),
          .random(in: -1...1, using: &generator)),
        colour: SIMD3(.random(in: 0...255, using: &generator), 7, 255),
        confidence: .random(in: 0.01...1, using: &generator))
    }
    let pose = SE3(rotation: .exp(SIMD3(0.1, 0.2, 0.3)), translation: SIMD3(0.3, 0, 0))
    return PosedCloud(cloud: KeyFrameCloud(points: points), worldFromCamera: pose)
  }

  @Test func keepsOnePointPerVoxelAndTheOrderOfCloudsDoesNotMatter() {
    var generator = SeededGenerator(seed: 1)
    let clouds = (0..<4).map { _ in cloud(&generator) }
    var filter = VoxelFilter(size: 0.1)
    let fused = filter.fuse(clouds)
    #expect(fused.count < 8000 && fused.count > 1000)
    #expect(filter.fuse(clouds.reversed()) == fused)
    filter.demandsSupport = true
    #expect(filter.fuse(clouds.reversed()) == filter.fuse(clouds))
  }

  @Test func fusingTwiceChangesNothing() {
    var generator = SeededGenerator(seed: 2)
    let filter = VoxelFilter(size: 0.1)
    let once = filter.fuse([cloud(&generator)])
    let twice = filter.fuse([PosedCloud(cloud: KeyFrameCloud(points: once), worldFromCamera: .identity)])
    #expect(twice == once)
  }

  @Test func theMostTrustedRemain() {
    var generator = SeededGenerator(seed: 3)
    let clouds = [cloud(&generator)]
    var filter = VoxelFilter(size: 0.05)
    let all = filter.fuse(clouds)
    filter.maximalCount = 100
    let few = filter.fuse(clouds)
    #expect(few.count == 100)
    let limit = all.map(\.confidence).sorted(by: >)[99]
    #expect(few.allSatisfy { $0.confidence >= limit })
  }

  @Test func aPointThatOneKeyFrameSawNeedsConfidence() {
    let lonely = ColouredPoint(position: SIMD3(5, 0, 0), colour: .zero, confidence: 0.3)
    let sure = ColouredPoint(position: SIMD3(-5, 0, 0), colour: .zero, confidence: 0.95)
    let shared = ColouredPoint(position: .zero, colour: .zero, confidence: 0.3)
    let clouds = [[lonely, sure, shared], [shared]].map {
      PosedCloud(cloud: KeyFrameCloud(points: $0), worldFromCamera: .identity)
    }
    var filter = VoxelFilter(size: 0.1)
    #expect(filter.fuse(clouds).count == 3)
    filter.demandsSupport = true
    #expect(filter.fuse(clouds).map(\.position.x) == [-5, 0])
  }

  @Test func pointsFollowTheirKeyFrame() {
    let point = ColouredPoint(position: SIMD3(0, 0, 1), colour: SIMD3(1, 2, 3), confidence: 1)
    var posed = PosedCloud(cloud: KeyFrameCloud(points: [point]), worldFromCamera: .identity)
    posed.worldFromCamera.translation = SIMD3(2, 0, 0)
    let fused = VoxelFilter(size: 0.1).fuse([posed])
    #expect(fused.map(\.position) == [SIMD3(2, 0, 1)])
    #expect(fused.map(\.colour) == [SIMD3(1, 2, 3)])
  }

  @Test func strangeNumbersAreLeftOut() {
    let strange: [Float] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1e30, 1e9]
    var points: [ColouredPoint] = []
    for value in strange {
      for axis in 0..<3 {
        var position = SIMD3<Float>.zero
        position[axis] = value
        points.append(ColouredPoint(position: position, colour: .zero, confidence: 1))
      }
      points.append(ColouredPoint(position: .zero, colour: .zero, confidence: value))
    }
    let clouds = [PosedCloud(cloud: KeyFrameCloud(points: points), worldFromCamera: .identity)]
    for size in [0.01, 0, -1, .nan, .infinity, 1e-300, 1e300] {
      var filter = VoxelFilter(size: size)
      filter.demandsSupport = true
      for point in filter.fuse(clouds) { #expect(point.position.x.isFinite) }
    }
  }
}
