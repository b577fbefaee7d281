import ExportFormats
import Geometry
import MediaModel
import NIOCore
import SessionEvents
import Testing

@Suite struct TablesTests {
  private static let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)

  private func log(_ text: String) -> SessionEvent {
    .log(SessionEvent.Log(time: Self.start, text: text, source: "test"))
  }

  @Test func fieldsAreInQuotesWhereTheyHaveToBe() {
    #expect(CSVTable.rows(of: log("plain"))?.text == "1700000000.000000000,info,test,plain\r\n")
    #expect(CSVTable.rows(of: log("a,b"))?.text.hasSuffix("\"a,b\"\r\n") == true)
    #expect(CSVTable.rows(of: log("say \"x\"\nend"))?.text.hasSuffix("\"say \"\"x\"\"\nend\"\r\n") == true)
  }

  @Test func everyRowHasAsManyFieldsAsItsHeader() throws {
    let object = TrackedObject(id: 3, label: "car", score: 0.5, box: SIMD4(1, 2, 3, 4))
    let events: [SessionEvent] = [
      .video(
        .init(
          time: Self.start, frame: 1, isKeyFrame: true, data: [ByteBuffer(bytes: [1, 2])],
          resolution: Resolution(width: 4, height: 2))),
      .motion(.init(time: Self.start, accelerometer: SIMD3(0, 0, 9.81), gyroscope: .zero)),
      .location(.init(time: Self.start, latitudeDegrees: 48, longitudeDegrees: 11)),
      .pose(
        .init(time: Self.start, frame: 1, worldFromCamera: .identity, map: 0, isMetric: true, isKeyFrame: false)),
      .objects(.init(time: Self.start, frame: 1, objects: [object])),
      .places([SessionEvent.Place(object: 3, label: "car", position: SIMD3(1, 2, 3))], Self.start),
      .identification(.init(time: Self.start, object: 3, findings: "a car")), log("text"),
    ]
    var seen: [CSVTable] = []
    for event in events {
      let (table, text) = try #require(CSVTable.rows(of: event))
      seen.append(table)
      #expect(
        text.split(separator: ",", omittingEmptySubsequences: false).count
          == table.header.split(separator: ",", omittingEmptySubsequences: false).count)
    }
    #expect(Set(seen) == Set(CSVTable.allCases))
    #expect(CSVTable.rows(of: .objects(.init(time: Self.start, frame: 1, objects: [])))?.text == "")
  }

  @Test func subtitlesHaveACueForEachSecond() {
    var subtitles = SubtitleFile(start: Self.start, end: Self.start.advanced(by: .milliseconds(2_500)))
    var text = ""
    func at(_ millis: Int64) -> WallTime { Self.start.advanced(by: .milliseconds(millis)) }
    text += subtitles.add(
      .location(
        .init(
          time: at(200), latitudeDegrees: 48, longitudeDegrees: 11, altitudeMetres: 500, headingDegrees: 90,
          speedMPerSec: 3)))
    let car = TrackedObject(id: 3, label: "c\na-->r", score: 1, box: .zero)
    text += subtitles.add(.objects(.init(time: at(1_200), frame: 30, objects: [car])))
    text += subtitles.add(.identification(.init(time: at(1_300), object: 3, findings: "red")))
    text += subtitles.finish()
    #expect(
      text == """
        1
        00:00:00,000 --> 00:00:01,000
        2023-11-14T22:13:20.000Z
        48.000000° 11.000000°, 500.0 m, 3.0 m/s, heading 90°

        2
        00:00:01,000 --> 00:00:02,000
        2023-11-14T22:13:21.000Z
        48.000000° 11.000000°, 500.0 m, 3.0 m/s, heading 90°
        c a--›r 3
        object 3: red

        3
        00:00:02,000 --> 00:00:02,500
        2023-11-14T22:13:22.000Z
        48.000000° 11.000000°, 500.0 m, 3.0 m/s, heading 90°
        c a--›r 3


        """)
  }
}
