import ExportFormats
import MapFormats
public import MediaModel

/// Takes a thing off the map of whoever has it: an event of type `t-x-d-d` that names the thing by a link.
///
/// A thing whose event is stale stays on the map in grey for minutes. Source: the maintainers of ATAK in
/// https://github.com/deptofdefense/AndroidTacticalAssaultKit-CIV/issues/154.
public struct CoTDeletion: Hashable, Sendable {
  /// Names this event alone, not the thing.
  public var uid: String
  /// The thing, by the identifier of its own events.
  public var target: String
  public var time: WallTime
  /// Until when it counts. Servers pass nothing on that is stale.
  public var stale: WallTime
  /// Where the thing was last: an event has to have a place.
  public var latitudeDegrees: Double
  public var longitudeDegrees: Double

  public init(
    uid: String, target: String, time: WallTime, stale: WallTime, latitudeDegrees: Double, longitudeDegrees: Double
  ) {
    self.uid = uid
    self.target = target
    self.time = time
    self.stale = stale
    self.latitudeDegrees = latitudeDegrees
    self.longitudeDegrees = longitudeDegrees
  }

  /// The document, one line: a datagram, or a part of a stream.
  public var xml: String {
    let moment = TimeText.utc(time)
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
    text += "<event version=\"2.0\" uid=\"\(XMLText.escaped(uid))\" type=\"t-x-d-d\" how=\"m-g\""
    text += " time=\"\(moment)\" start=\"\(moment)\" stale=\"\(TimeText.utc(stale))\">"
    text += "<point lat=\"\(DecimalText.fixed(latitudeDegrees, 7))\" lon=\"\(DecimalText.fixed(longitudeDegrees, 7))\""
    text += " hae=\"\(CoTEvent.unknown)\" ce=\"\(CoTEvent.unknown)\" le=\"\(CoTEvent.unknown)\"/>"
    text += "<detail><link uid=\"\(XMLText.escaped(target))\" relation=\"none\" type=\"none\"/>"
    return text + "<__forcedelete/></detail></event>\n"
  }
}
