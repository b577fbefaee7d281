import CursorOnTarget
import MediaModel
import Testing

@Suite struct CoTEventTests {
  private static let start = WallTime(nanosSince1970: 1_700_000_000_250_000_000)

  @Test func anEventIsOneLineOfXML() {
    let event = CoTEvent(
      uid: "worldsystem-drone", type: .drone, how: "m-g", time: Self.start,
      stale: Self.start.advanced(by: .seconds(10)),
      latitudeDegrees: 48.1234567, longitudeDegrees: -11.5, heightMetres: 512.345, circularErrorMetres: 3,
      courseDegrees: 90, speedMPerSec: 4.567, callsign: "a \"drone\" & more", remarks: "1 < 2")
    #expect(
      event.xml == """
        <?xml version="1.0" encoding="UTF-8" standalone="yes"?><event version="2.0" uid="worldsystem-drone" \
        type="a-f-A-M-F-Q" how="m-g" time="2023-11-14T22:13:20.250Z" start="2023-11-14T22:13:20.250Z" \
        stale="2023-11-14T22:13:30.250Z"><point lat="48.1234567" lon="-11.5000000" hae="512.35" ce="3.00" \
        le="9999999.0"/><detail><contact callsign="a &quot;drone&quot; &amp; more"/><track course="90.0" speed="4.57"/>\
        <remarks>1 &lt; 2</remarks></detail></event>

        """)
  }

  @Test func aDeletionNamesTheThingByALink() {
    let deletion = CoTDeletion(
      uid: "a&b-deleted", target: "a&b", time: Self.start, stale: Self.start.advanced(by: .seconds(60)),
      latitudeDegrees: 48.1234567, longitudeDegrees: -11.5)
    #expect(
      deletion.xml == """
        <?xml version="1.0" encoding="UTF-8" standalone="yes"?><event version="2.0" uid="a&amp;b-deleted" \
        type="t-x-d-d" how="m-g" time="2023-11-14T22:13:20.250Z" start="2023-11-14T22:13:20.250Z" \
        stale="2023-11-14T22:14:20.250Z"><point lat="48.1234567" lon="-11.5000000" hae="9999999.0" ce="9999999.0" \
        le="9999999.0"/><detail><link uid="a&amp;b" relation="none" type="none"/><__forcedelete/></detail></event>

        """)
  }

  @Test func whatIsNotKnownIsSaidToBe() {
    let event = CoTEvent(
      uid: "u", type: .unknownOnGround, how: "m-p", time: Self.start, stale: Self.start, latitudeDegrees: 0,
      longitudeDegrees: 0, heightMetres: .nan, callsign: "c")
    #expect(event.xml.contains("hae=\"9999999.0\" ce=\"9999999.0\" le=\"9999999.0\"/>"))
    #expect(!event.xml.contains("<track") && !event.xml.contains("<remarks"))
  }

  @Test(arguments: ["a-f-A-M-F-Q", "a-u-G", "b-m-p-s-p-i"]) func typesAreLettersWithDashes(text: String) {
    #expect(CoTType(text)?.description == text)
  }

  @Test(arguments: ["", "a", "a--b", "-a", "a-", "a-\"", "a-ä", "a b-c", String(repeating: "a-", count: 40) + "a"])
  func otherTypesAreRefused(text: String) { #expect(CoTType(text) == nil) }

  @Test(arguments: [
    ("car", "a-u-G-E-V-C"), ("Fire truck", "a-u-G-E-V-C"), ("people", "a-u-G-U"), ("cars", "a-u-G-E-V-C"),
    ("sailing boat", "a-u-S-X"), ("helicopter.", "a-u-A-C-H"), ("bus", "a-u-G-E-V-C"), ("cart", "a-u-G"), ("", "a-u-G"),
    ("Haus", "a-u-G"), ("car park with a house", "a-u-G-I"),
  ])
  func labelsHaveTypes(label: String, type: String) {
    #expect(CoTType.of(label: label, other: .unknownOnGround).description == type)
  }

  @Test func typesOfLabelsHaveTheAffiliationOfTheRest() throws {
    let neutral = try #require(CoTType("a-n-G"))
    #expect(CoTType.of(label: "car", other: neutral).description == "a-n-G-E-V-C")
    let point = try #require(CoTType("b-m-p-s-p-i"))
    #expect(CoTType.of(label: "car", other: point) == point)
  }

  @Test func addressesAreRead() {
    #expect(CoTAddress("udp://239.2.3.1:6969")?.host == "239.2.3.1")
    #expect(CoTAddress("tcp://tak.example:8087")?.transport == .tcp)
    #expect(CoTAddress("udp://[ff02::1]:6969")?.host == "ff02::1")
    #expect(CoTAddress("udp://[ff02::1]:6969")?.description == "udp://[ff02::1]:6969")
  }

  @Test(arguments: [
    "", "239.2.3.1:6969", "http://a:1", "udp://a", "udp://:1", "udp://a:0", "tcp://a:65536", "udp:a:1", "tcp://u@a:1",
  ])
  func otherAddressesAreRefused(text: String) { #expect(CoTAddress(text) == nil) }
}
