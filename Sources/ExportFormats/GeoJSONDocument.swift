import MapFormats
import MediaModel
import SessionEvents
import TelemetryProtocol

/// A track as GeoJSON: a line for each segment, its times as the property `times`. Source: RFC 7946.
public enum GeoJSONDocument {
  /// The whole file: a FeatureCollection with a bounding box. A segment of one position is a point.
  public static func text(_ track: FlightTrack) -> String {
    var text = "{\"type\":\"FeatureCollection\""
    if let bounds = track.bounds {
      let box = [bounds.west, bounds.south, bounds.east, bounds.north].map { DecimalText.fixed($0, 7) }
      text += ",\"bbox\":[\(box.joined(separator: ","))]"
    }
    text += ",\"features\":[\n"
    text += track.segments.map { feature($0, of: track) }.joined(separator: ",\n")
    return text + "\n]}\n"
  }

  private static func feature(_ segment: ArraySlice<SessionEvent.Location>, of track: FlightTrack) -> String {
    let positions = segment.map(position)
    let isPoint = positions.count == 1
    let coordinates = isPoint ? positions[0] : "[\(positions.joined(separator: ","))]"
    let times = segment.map { "\"\(TimeText.utc($0.time))\"" }.joined(separator: ",")
    return "{\"type\":\"Feature\",\"geometry\":{\"type\":\"\(isPoint ? "Point" : "LineString")\",\"coordinates\":"
      + "\(coordinates)},\"properties\":{\"name\":\(JSONText.encode(track.name)),\"times\":[\(times)]}}"
  }

  private static func position(_ location: SessionEvent.Location) -> String {
    var numbers = [DecimalText.fixed(location.longitudeDegrees, 7), DecimalText.fixed(location.latitudeDegrees, 7)]
    if let altitude = location.altitudeMetres { numbers.append(DecimalText.fixed(altitude, 3)) }
    return "[\(numbers.joined(separator: ","))]"
  }
}
