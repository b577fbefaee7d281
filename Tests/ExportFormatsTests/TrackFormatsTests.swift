import ExportFormats
import Geometry
import MediaModel
import SessionEvents
import Testing

@Suite struct TrackFormatsTests {
  /// Three fixes, a long pause, and one more.
  private var track: FlightTrack {
    var track = FlightTrack(name: "flight <1> & \"more\"")
    for (second, latitude, altitude) in [(0.0, 48.0, 500.0), (1, 48.0001, 501.5), (2.5, 48.0002, 502), (60, 48.1, 503)]
    {
      track.add(fix(second, latitude, altitude))
    }
    return track
  }

  private func fix(_ second: Double, _ latitude: Double, _ altitude: Double? = nil) -> SessionEvent.Location {
    SessionEvent.Location(
      time: WallTime(nanosSince1970: 1_700_000_000_000_000_000).advanced(by: .seconds(second)),
      latitudeDegrees: latitude, longitudeDegrees: -11.5, altitudeMetres: altitude)
  }

  @Test func aTrackIsCutWhereItPauses() {
    #expect(track.segments.map(\.count) == [3, 1])
    // 0.0002° of latitude are 22.24 m at 48° north; and 2 m up.
    #expect(abs(track.lengthMetres - 22.36) < 0.05)
    #expect(FlightTrack(name: "").segments.isEmpty)
  }

  @Test func whatIsNoPlaceOrNotLaterIsLeftOut() {
    var track = track
    let wrong = [fix(60, 48), fix(30, 48), fix(61, 91), fix(62, .nan), fix(63, 48, .infinity)]
    #expect(wrong.allSatisfy { !track.add($0) })
    #expect(track.locations.count == 4)
  }

  @Test func gpxIsThatOfTheSchema() {
    #expect(
      GPXDocument.text(track) == """
        <?xml version="1.0" encoding="UTF-8"?>
        <gpx version="1.1" creator="worldsystem" xmlns="http://www.topografix.com/GPX/1/1">
          <metadata>
            <name>flight &lt;1&gt; &amp; &quot;more&quot;</name>
            <time>2023-11-14T22:13:20.000Z</time>
            <bounds minlat="48.0000000" minlon="-11.5000000" maxlat="48.1000000" maxlon="-11.5000000"/>
          </metadata>
          <trk>
            <name>flight &lt;1&gt; &amp; &quot;more&quot;</name>
            <trkseg>
              <trkpt lat="48.0000000" lon="-11.5000000"><ele>500.000</ele><time>2023-11-14T22:13:20.000Z</time></trkpt>
              <trkpt lat="48.0001000" lon="-11.5000000"><ele>501.500</ele><time>2023-11-14T22:13:21.000Z</time></trkpt>
              <trkpt lat="48.0002000" lon="-11.5000000"><ele>502.000</ele><time>2023-11-14T22:13:22.500Z</time></trkpt>
            </trkseg>
            <trkseg>
              <trkpt lat="48.1000000" lon="-11.5000000"><ele>503.000</ele><time>2023-11-14T22:14:20.000Z</time></trkpt>
            </trkseg>
          </trk>
        </gpx>

        """)
  }

  @Test func kmlHasTimesAndPlaces() {
    let text = KMLDocument.text(track)
    #expect(text.contains("<altitudeMode>absolute</altitudeMode>\n        <when>2023-11-14T22:13:20.000Z</when>"))
    #expect(text.contains("<gx:coord>-11.5000000 48.0001000 501.500</gx:coord>"))
    #expect(text.split(separator: "<gx:Track>").count == 3)
    var flat = FlightTrack(name: "flat")
    flat.add(fix(0, 1))
    #expect(KMLDocument.text(flat).contains("<altitudeMode>clampToGround</altitudeMode>"))
  }

  @Test func geoJSONHasLinesAndPoints() {
    #expect(
      GeoJSONDocument.text(track) == """
        {"type":"FeatureCollection","bbox":[-11.5000000,48.0000000,-11.5000000,48.1000000],"features":[
        {"type":"Feature","geometry":{"type":"LineString","coordinates":[[-11.5000000,48.0000000,500.000],\
        [-11.5000000,48.0001000,501.500],[-11.5000000,48.0002000,502.000]]},"properties":{"name":\
        "flight <1> & \\"more\\"","times":["2023-11-14T22:13:20.000Z","2023-11-14T22:13:21.000Z",\
        "2023-11-14T22:13:22.500Z"]}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[-11.5000000,48.1000000,503.000]},"properties":\
        {"name":"flight <1> & \\"more\\"","times":["2023-11-14T22:14:20.000Z"]}}
        ]}

        """)
  }

  private func place(_ object: Int, map: Int = 0, latitude: Double? = 47) -> SessionEvent.Place {
    SessionEvent.Place(
      object: object, label: "a <car>", position: .zero, map: map,
      seenAt: WallTime(nanosSince1970: 1_700_000_000_000_000_000),
      earth: latitude.map { GeodeticPosition(latitudeDegrees: $0, longitudeDegrees: -12, altitudeMetres: 400) },
      horizontalErrorMetres: 2.5)
  }

  @Test func objectsArePointsOfTheirOwn() {
    let gpx = GPXDocument.text(track, objects: [place(7), place(8, latitude: nil)])
    #expect(gpx.contains("<bounds minlat=\"47.0000000\" minlon=\"-12.0000000\""))
    #expect(
      gpx.contains(
        """
          </metadata>
          <wpt lat="47.0000000" lon="-12.0000000"><ele>400.000</ele><time>2023-11-14T22:13:20.000Z</time>\
        <name>a &lt;car&gt; 7</name></wpt>
          <trk>
        """))
    let kml = KMLDocument.text(track, objects: [place(7)])
    #expect(kml.contains("<coordinates>-12.0000000,47.0000000,400.000</coordinates>"))
    #expect(
      GeoJSONDocument.text(FlightTrack(name: "none"), objects: [place(7), place(8, latitude: nil)]) == """
        {"type":"FeatureCollection","bbox":[-12.0000000,47.0000000,-12.0000000,47.0000000],"features":[
        {"type":"Feature","geometry":{"type":"Point","coordinates":[-12.0000000,47.0000000,400.000]},"properties":\
        {"name":"a <car> 7","object":7,"label":"a <car>","last_seen":"2023-11-14T22:13:20.000Z",\
        "horizontal_error_m":2.500}}
        ]}

        """)
  }

  @Test func objectsAreThoseOfTheLastListOfTheirMap() {
    var placed = PlacedObjects()
    placed.add([place(1), place(2), place(3, latitude: nil)])
    placed.add([place(5, map: 1)])
    // What a list without objects says nothing of stays.
    placed.add([])
    #expect(placed.all.map(\.object) == [1, 2, 5])
    // 2 was the same as 1.
    placed.add([place(1, latitude: 46), place(3)])
    #expect(placed.all.map(\.object) == [1, 3, 5] && placed.all.first?.earth?.latitudeDegrees == 46)
    // A full list lacks what there was no room for.
    placed.add((1_000..<1_256).map { place($0) })
    #expect(placed.all.count == 259)
    for start in 0..<20 { placed.add((0..<256).map { place(2_000 + 256 * start + $0) }) }
    #expect(placed.all.count == PlacedObjects.limit && placed.all.last?.object == 2_000 + 256 * 20 - 1)
  }

  @Test func escapingLeavesNothingThatXMLLacks() {
    #expect(XMLText.escaped("a\u{1}<'\n\u{FFFE}é") == "a\u{FFFD}&lt;&#39;&#10;\u{FFFD}é")
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
      (-1, "1969-12-31T23:59:59.999Z"), (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999Z"),
    ] as [(Int64, String)]) func timesAreThoseOfTheCalendar(nanos: Int64, text: String)
  {
    #expect(TimeText.utc(WallTime(nanosSince1970: nanos)) == text)
  }
}
