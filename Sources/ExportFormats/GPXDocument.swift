import MapFormats
import MediaModel
import SessionEvents

/// A track as GPX 1.1. Heights are those of the receiver. Source: topografix.com/GPX/1/1/gpx.xsd.
public enum GPXDocument {
  /// The whole file. Degrees have seven decimals, a centimetre; heights three.
  public static func text(_ track: FlightTrack) -> String {
    var text = XMLText.declaration
    text += "<gpx version=\"1.1\" creator=\"worldsystem\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n"
    text += "  <metadata>\n    <name>\(XMLText.escaped(track.name))</name>\n"
    if let first = track.locations.first { text += "    <time>\(TimeText.utc(first.time))</time>\n" }
    if let bounds = track.bounds {
      text += "    <bounds minlat=\"\(degrees(bounds.south))\" minlon=\"\(degrees(bounds.west))\""
      text += " maxlat=\"\(degrees(bounds.north))\" maxlon=\"\(degrees(bounds.east))\"/>\n"
    }
    text += "  </metadata>\n  <trk>\n    <name>\(XMLText.escaped(track.name))</name>\n"
    for segment in track.segments {
      text += "    <trkseg>\n"
      for location in segment { text += point(location) }
      text += "    </trkseg>\n"
    }
    return text + "  </trk>\n</gpx>\n"
  }

  private static func point(_ location: SessionEvent.Location) -> String {
    var text =
      "      <trkpt lat=\"\(degrees(location.latitudeDegrees))\" lon=\"\(degrees(location.longitudeDegrees))\">"
    if let altitude = location.altitudeMetres { text += "<ele>\(DecimalText.fixed(altitude, 3))</ele>" }
    return text + "<time>\(TimeText.utc(location.time))</time></trkpt>\n"
  }

  private static func degrees(_ value: Double) -> String { DecimalText.fixed(value, 7) }
}
