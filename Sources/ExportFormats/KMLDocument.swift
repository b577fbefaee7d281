import Geometry
import MapFormats
import MediaModel
import SessionEvents

/// A track as KML 2.2 with the extension `gx:Track`, which has times, and objects as placemarks. Source: OGC 07-147r2, and Google's extension schema
/// `kml22gx.xsd`.
public enum KMLDocument {
  /// The whole file. Heights of the ellipsoid are written where KML means those of the sea.
  /// - Parameter objects: those without a place on Earth are left out.
  public static func text(_ track: FlightTrack, objects: [SessionEvent.Place] = []) -> String {
    var text = XMLText.declaration
    text += "<kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:gx=\"http://www.google.com/kml/ext/2.2\">\n"
    text += "  <Document>\n    <name>\(XMLText.escaped(track.name))</name>\n"
    text += "    <Style id=\"path\"><LineStyle><color>ff0099ff</color><width>3</width></LineStyle></Style>\n"
    for segment in track.segments { text += placemark(segment, of: track) }
    for object in objects { text += placemark(object) }
    return text + "  </Document>\n</kml>\n"
  }

  private static func placemark(_ object: SessionEvent.Place) -> String {
    guard let earth = object.earth else { return "" }
    var text = "    <Placemark>\n      <name>\(XMLText.escaped(object.title))</name>\n"
    if let seenAt = object.seenAt { text += "      <TimeStamp><when>\(TimeText.utc(seenAt))</when></TimeStamp>\n" }
    let place = [
      DecimalText.fixed(earth.longitudeDegrees, 7), DecimalText.fixed(earth.latitudeDegrees, 7),
      DecimalText.fixed(earth.altitudeMetres, 3),
    ]
    text += "      <Point><altitudeMode>absolute</altitudeMode>"
    return text + "<coordinates>\(place.joined(separator: ","))</coordinates></Point>\n    </Placemark>\n"
  }

  private static func placemark(_ segment: ArraySlice<SessionEvent.Location>, of track: FlightTrack) -> String {
    // A height that is not known is drawn on the ground.
    let hasHeights = segment.allSatisfy { $0.altitudeMetres != nil }
    var text = "    <Placemark>\n      <name>\(XMLText.escaped(track.name))</name>\n"
    text += "      <styleUrl>#path</styleUrl>\n      <gx:Track>\n"
    text += "        <altitudeMode>\(hasHeights ? "absolute" : "clampToGround")</altitudeMode>\n"
    for location in segment { text += "        <when>\(TimeText.utc(location.time))</when>\n" }
    for location in segment {
      let place = [DecimalText.fixed(location.longitudeDegrees, 7), DecimalText.fixed(location.latitudeDegrees, 7)]
      let height = DecimalText.fixed(hasHeights ? location.altitudeMetres ?? 0 : 0, 3)
      text += "        <gx:coord>\((place + [height]).joined(separator: " "))</gx:coord>\n"
    }
    return text + "      </gx:Track>\n    </Placemark>\n"
  }
}
