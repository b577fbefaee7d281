import Geometry
import MapFormats
import MediaModel
import SessionEvents

/// A track as GPX 1.1, and objects as waypoints. Heights are those of the receiver. Source: topografix.com/GPX/1/1/gpx.xsd.
public enum GPXDocument {
  /// The whole file. Degrees have seven decimals, a centimetre; heights three.
  /// - Parameter objects: those without a place on Earth are left out.
  public static func text(_ track: FlightTrack, objects: [SessionEvent.Place] = []) -> String {
    var text = XMLText.declaration
    text += "<gpx version=\"1.1\" creator=\"worldsystem\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n"
    text += "  <metadata>\n    <name>\(XMLText.escaped(track.name))</name>\n"
    if let first = track.locations.first { text += "    <time>\(TimeText.utc(first.time))</time>\n" }
    if let bounds = track.bounds(with: objects) {
      text += "    <bounds minlat=\"\(degrees(bounds.south))\" minlon=\"\(degrees(bounds.west))\""
      text += " maxlat=\"\(degrees(bounds.north))\" maxlon=\"\(degrees(bounds.east))\"/>\n"
    }
    text += "  </metadata>\n"
    for object in objects { text += waypoint(object) }
    guard !track.locations.isEmpty else { return text + "</gpx>\n" }
    text += "  <trk>\n    <name>\(XMLText.escaped(track.name))</name>\n"
    for segment in track.segments {
      text += "    <trkseg>\n"
      for location in segment { text += point(location) }
      text += "    </trkseg>\n"
    }
    return text + "  </trk>\n</gpx>\n"
  }

  private static func waypoint(_ object: SessionEvent.Place) -> String {
    guard let earth = object.earth else { return "" }
    var text = "  <wpt lat=\"\(degrees(earth.latitudeDegrees))\" lon=\"\(degrees(earth.longitudeDegrees))\">"
    text += "<ele>\(DecimalText.fixed(earth.altitudeMetres, 3))</ele>"
    if let seenAt = object.seenAt { text += "<time>\(TimeText.utc(seenAt))</time>" }
    return text + "<name>\(XMLText.escaped(object.title))</name></wpt>\n"
  }

  private static func point(_ location: SessionEvent.Location) -> String {
    var text =
      "      <trkpt lat=\"\(degrees(location.latitudeDegrees))\" lon=\"\(degrees(location.longitudeDegrees))\">"
    if let altitude = location.altitudeMetres { text += "<ele>\(DecimalText.fixed(altitude, 3))</ele>" }
    return text + "<time>\(TimeText.utc(location.time))</time></trkpt>\n"
  }

  private static func degrees(_ value: Double) -> String { DecimalText.fixed(value, 7) }
}
