import Geometry
import MapFormats
import MediaModel
import SessionEvents
import TelemetryProtocol

/// A track as GeoJSON: a line for each segment, its times as the property `times`; and a point for each object, with the
/// properties `object`, its identifier, `label`, `last_seen`, and how far off its place may be. Source: RFC 7946.
public enum GeoJSONDocument {
  /// The whole file: a FeatureCollection with a bounding box. A segment of one position is a point.
  /// - Parameter objects: those without a place on Earth are left out.
  public static func text(_ track: FlightTrack, objects: [SessionEvent.Place] = []) -> String {
    var text = "{\"type\":\"FeatureCollection\""
    if let bounds = track.bounds(with: objects) {
      let box = [bounds.west, bounds.south, bounds.east, bounds.north].map { DecimalText.fixed($0, 7) }
      text += ",\"bbox\":[\(box.joined(separator: ","))]"
    }
    text += ",\"features\":[\n"
    let features = track.segments.map { feature($0, of: track) } + objects.compactMap(feature)
    text += features.joined(separator: ",\n")
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

  private static func feature(_ object: SessionEvent.Place) -> String? {
    guard let earth = object.earth else { return nil }
    let place = [
      DecimalText.fixed(earth.longitudeDegrees, 7), DecimalText.fixed(earth.latitudeDegrees, 7),
      DecimalText.fixed(earth.altitudeMetres, 3),
    ]
    var properties = [
      "\"name\":\(JSONText.encode(object.title))", "\"object\":\(object.object)",
      "\"label\":\(JSONText.encode(object.label))",
    ]
    if let seenAt = object.seenAt { properties.append("\"last_seen\":\"\(TimeText.utc(seenAt))\"") }
    for (name, error) in [
      ("horizontal_error_m", object.horizontalErrorMetres), ("vertical_error_m", object.verticalErrorMetres),
    ] {
      if let error { properties.append("\"\(name)\":\(DecimalText.fixed(error, 3))") }
    }
    return "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[\(place.joined(separator: ","))]},"
      + "\"properties\":{\(properties.joined(separator: ","))}}"
  }

  private static func position(_ location: SessionEvent.Location) -> String {
    var numbers = [DecimalText.fixed(location.longitudeDegrees, 7), DecimalText.fixed(location.latitudeDegrees, 7)]
    if let altitude = location.altitudeMetres { numbers.append(DecimalText.fixed(altitude, 3)) }
    return "[\(numbers.joined(separator: ","))]"
  }
}
