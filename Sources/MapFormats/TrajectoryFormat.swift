public import Geometry

/// The text formats in which benchmarks exchange trajectories.
public enum TrajectoryFormat: String, CaseIterable, Hashable, Sendable {
  /// `timestamp tx ty tz qx qy qz qw`, seconds: the format of the TUM RGB-D benchmark.
  case tum
  /// The upper three rows of the matrix, row-major, one line a frame, without times: the KITTI odometry benchmark.
  case kitti
  /// `timestamp [ns], p_x, p_y, p_z, q_w, q_x, q_y, q_z`: ground truth of the EuRoC MAV datasets.
  case euroc

  /// The format that a file name suggests: `.csv` is EuRoC, `.kitti` is KITTI, anything else TUM.
  public init(fileName: String) {
    if fileName.hasSuffix(".csv") {
      self = .euroc
    } else if fileName.hasSuffix(".kitti") {
      self = .kitti
    } else {
      self = .tum
    }
  }

  /// The whole file.
  public func text(of poses: some Sequence<TimedPose>) -> String {
    var text = ""
    if self == .euroc {
      text += "#timestamp [ns], p_RS_R_x [m], p_RS_R_y [m], p_RS_R_z [m], q_RS_w [], q_RS_x [], q_RS_y [], q_RS_z []\n"
    }
    for pose in poses {
      text += line(of: pose)
      text += "\n"
    }
    return text
  }

  /// One line, without its end.
  public func line(of pose: TimedPose) -> String {
    let (t, q) = (pose.worldFromCamera.translation, pose.worldFromCamera.rotation.quaternion)
    switch self {
    case .tum:
      let numbers = [t.x, t.y, t.z, q.x, q.y, q.z, q.w].map { DecimalText.fixed($0, 9) }
      return "\(DecimalText.seconds(nanos: pose.nanos)) \(numbers.joined(separator: " "))"
    case .kitti:
      let rows = pose.worldFromCamera.rowMajorMatrix.prefix(3)
      return rows.flatMap { $0 }.map { DecimalText.fixed($0, 9) }.joined(separator: " ")
    case .euroc:
      let numbers = [t.x, t.y, t.z, q.w, q.x, q.y, q.z].map { DecimalText.fixed($0, 9) }
      return "\(pose.nanos),\(numbers.joined(separator: ","))"
    }
  }

  /// Reads a file. KITTI's lines have no times: their number, from 0, stands in for nanoseconds.
  /// - Throws: `MapFormatError.line` for lines that are none of the format.
  public func poses(in text: String) throws(MapFormatError) -> [TimedPose] {
    let table = TextTable(format: "\(rawValue) trajectory", fields: self == .kitti ? 12 : 8)
    var poses: [TimedPose] = []
    try table.forEachLine(of: text) { fields, line throws(MapFormatError) in
      if self == .kitti {
        poses.append(try Self.kittiPose(fields, line, table, index: poses.count))
        return
      }
      let nanos = self == .tum ? try table.nanos(ofSeconds: fields[0], line) : try table.nanos(fields[0], line)
      var n: [Double] = []
      for field in fields[1...7] { n.append(try table.number(field, line)) }
      let q = self == .tum ? SIMD4(n[3], n[4], n[5], n[6]) : SIMD4(n[4], n[5], n[6], n[3])
      guard (0.9...1.1).contains((q * q).sum()) else {
        throw .line(format: table.format, number: line, reason: "a quaternion that is not of length 1")
      }
      let rotation = SO3(x: q.x, y: q.y, z: q.z, w: q.w)
      let pose = SE3(rotation: rotation, translation: SIMD3(n[0], n[1], n[2]))
      poses.append(TimedPose(nanos: nanos, worldFromCamera: pose))
    }
    return poses
  }

  private static func kittiPose(
    _ fields: [Substring], _ line: Int, _ table: TextTable, index: Int
  ) throws(MapFormatError) -> TimedPose {
    var n: [Double] = []
    for field in fields.prefix(12) { n.append(try table.number(field, line)) }
    let matrix = Matrix3(rows: SIMD3(n[0], n[1], n[2]), SIMD3(n[4], n[5], n[6]), SIMD3(n[8], n[9], n[10]))
    guard abs(matrix.determinant - 1) < 0.01 else {
      throw .line(format: table.format, number: line, reason: "a matrix that is no rotation")
    }
    let pose = SE3(rotation: SO3(matrix: matrix), translation: SIMD3(n[3], n[7], n[11]))
    return TimedPose(nanos: Int64(index), worldFromCamera: pose)
  }
}
