import Geometry
import MapFormats
import Testing

@Suite struct TrajectoryFormatTests {
  private let poses = (0..<20).map { index in
    let turn = Double(index) * 0.3
    return TimedPose(
      nanos: 1_403_636_584_763_555_584 + Int64(index) * 50_000_000,
      worldFromCamera: SE3(
        rotation: .exp(SIMD3(0.1 * turn, -turn, 0.4)), translation: SIMD3(turn, -2.5, 1e-7 * turn)))
  }

  @Test(arguments: TrajectoryFormat.allCases) func whatIsWrittenIsRead(format: TrajectoryFormat) throws {
    let read = try format.poses(in: format.text(of: poses))
    #expect(read.count == poses.count)
    for (index, (pose, back)) in zip(poses, read).enumerated() {
      #expect(back.nanos == (format == .kitti ? Int64(index) : pose.nanos))
      let difference = pose.worldFromCamera.inverse * back.worldFromCamera
      #expect(difference.translation.norm < 2e-9 && difference.rotation.angle < 1e-8)
    }
  }

  @Test func linesAreAsTheBenchmarksHaveThem() {
    let pose = TimedPose(
      nanos: 5_033_333_333,
      worldFromCamera: SE3(rotation: .init(x: 0, y: 0, z: 1, w: 0), translation: SIMD3(-1.5, 0.25, 3)))
    #expect(
      TrajectoryFormat.tum.line(of: pose)
        == "5.033333333 -1.500000000 0.250000000 3.000000000 0.000000000 0.000000000 1.000000000 0.000000000")
    #expect(
      TrajectoryFormat.euroc.line(of: pose)
        == "5033333333,-1.500000000,0.250000000,3.000000000,0.000000000,0.000000000,0.000000000,1.000000000")
    #expect(TrajectoryFormat.kitti.line(of: pose).hasPrefix("-1.000000000 0.000000000 0.000000000 -1.500000000 "))
  }

  @Test(
    arguments: [
      ("1.0 0 0 0 0 0 0", "line 1: 7 of 8 fields"), ("# c\n1 0 0 x 0 0 0 1", "line 2: “x” is no finite number"),
      ("1 0 0 nan 0 0 0 1", "no finite number"), ("1 0 0 0 0 0 0 0", "not of length 1"),
      ("99999999999999999999 0 0 0 0 0 0 1", "a time of"),
    ])
  func badLinesAreNamed(text: String, part: String) {
    #expect {
      try TrajectoryFormat.tum.poses(in: text)
    } throws: { error in
      "\(error)".contains(part)
    }
  }

  @Test func fileNamesSuggestFormats() {
    #expect(TrajectoryFormat(fileName: "a/t.csv") == .euroc && TrajectoryFormat(fileName: "t.kitti") == .kitti)
    #expect(TrajectoryFormat(fileName: "trajectory.txt") == .tum)
  }
}
