public import Geometry
public import MediaModel

/// `gps.csv`: `t_s,lat_deg,lon_deg,alt_m[,speed2d_mps[,speed3d_mps[,accuracy_m]]]`, satellite fixes with times on the
/// clock of the frames.
public enum GPSLog {
  /// How accurate a fix is taken to be that does not say so, metres: a phone's under open sky.
  public static let usualAccuracy = 5.0

  /// The fixes in ascending order of time; of several at one time the first counts.
  /// - Throws: `MapFormatError.line` for lines that are none of the format, and for times that go back.
  public static func parse(_ text: String) throws(MapFormatError) -> [GPSSample] {
    let table = TextTable(format: "gps.csv", fields: 4)
    var fixes: [GPSSample] = []
    try table.forEachLine(of: text) { fields, line throws(MapFormatError) in
      let nanos = try table.nanos(ofSeconds: fields[0], line)
      if let last = fixes.last {
        if nanos == last.timestampNanos { return }
        if nanos < last.timestampNanos {
          throw .line(format: table.format, number: line, reason: "earlier than the fix before")
        }
      }
      var numbers: [Double] = []
      for field in fields[1..<min(fields.count, 7)] { numbers.append(try table.number(field, line)) }
      guard abs(numbers[0]) <= 90, abs(numbers[1]) <= 360 else {
        throw .line(format: table.format, number: line, reason: "no latitude and longitude in degrees")
      }
      let accuracy = numbers.count > 5 ? numbers[5] : usualAccuracy
      guard accuracy > 0 else {
        throw .line(format: table.format, number: line, reason: "an accuracy that is not above zero")
      }
      fixes.append(
        GPSSample(
          timestampNanos: nanos, latitudeDegrees: numbers[0], longitudeDegrees: numbers[1], altitudeMetres: numbers[2],
          accuracyMetres: accuracy, speedMPerSec: numbers.count > 3 ? numbers[3] : 0, headingDegrees: 0))
    }
    return fixes
  }
}

/// Positions on Earth as CSV: seconds, degrees, and metres above the WGS 84 ellipsoid, as receivers and maps have them.
public enum PositionFile {
  /// The content of a file, with a line that names the columns.
  public static func text(of positions: [(nanos: Int64, position: GeodeticPosition)]) -> String {
    var text = DecimalText()
    text.append("timestamp,latitude,longitude,altitude\n")
    for (nanos, position) in positions {
      text.append(secondsOf: nanos)
      text.append(",")
      text.append(position.latitudeDegrees, decimals: 9)
      text.append(",")
      text.append(position.longitudeDegrees, decimals: 9)
      text.append(",")
      text.append(position.altitudeMetres, decimals: 3)
      text.append("\n")
    }
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
