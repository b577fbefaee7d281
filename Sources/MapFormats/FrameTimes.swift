public import MediaModel

/// `times.txt`: `index timestamp_s [name]`, the capture time of each frame of a video, in the order of presentation.
///
/// Indices may have gaps, where a live source left frames out; the n-th line is that of the n-th frame.
public enum FrameTimes {
  /// Nanoseconds of each frame, ascending.
  /// - Throws: `MapFormatError.line` when an index is out of order or a time is not later than the one before.
  public static func parse(_ text: String) throws(MapFormatError) -> [Int64] {
    let table = TextTable(format: "times.txt", fields: 2)
    var times: [Int64] = []
    var lastIndex = -1
    try table.forEachLine(of: text) { fields, line throws(MapFormatError) in
      guard let index = Int(fields[0]), index > lastIndex else {
        throw .line(
          format: table.format, number: line,
          reason: "index \(fields[0].prefix(20)), which is none or not above that of the line before")
      }
      lastIndex = index
      let nanos = try table.nanos(ofSeconds: fields[1], line)
      if let last = times.last, nanos <= last {
        throw .line(format: table.format, number: line, reason: "not later than the frame before")
      }
      times.append(nanos)
    }
    return times
  }
}

/// `imu.csv`: `t_ns,gx,gy,gz,ax,ay,az`, rad/s and m/s² in the axes of the sensor.
public enum IMULog {
  /// The samples in ascending order; of several at one time the first counts.
  /// - Throws: `MapFormatError.line` for lines that are none of the format, and for times that go back.
  public static func parse(_ text: String) throws(MapFormatError) -> [IMUSample] {
    let table = TextTable(format: "imu.csv", fields: 7)
    var samples: [IMUSample] = []
    try table.forEachLine(of: text) { fields, line throws(MapFormatError) in
      let nanos = try table.nanos(fields[0], line)
      if let last = samples.last {
        if nanos == last.timestampNanos { return }
        if nanos < last.timestampNanos {
          throw .line(format: table.format, number: line, reason: "earlier than the sample before")
        }
      }
      var n: [Double] = []
      for field in fields[1...6] { n.append(try table.number(field, line)) }
      samples.append(
        IMUSample(
          timestampNanos: nanos, gyroscopeRadPerSec: SIMD3(n[0], n[1], n[2]),
          accelerometerMPerSec2: SIMD3(n[3], n[4], n[5])))
    }
    return samples
  }
}
