import ExportFormats
import MapFormats
public import MediaModel

/// One event of Cursor-on-Target, version 2.0: where something is, what it is, and until when that holds.
///
/// Source: MITRE MP090284, "Cursor on Target Message Router User's Guide", and the schema of its base event.
public struct CoTEvent: Hashable, Sendable {
  /// What stands for a number that is not known.
  static let unknown = "9999999.0"

  /// Names the thing for ever: later events with the same one move it.
  public var uid: String
  /// What it is, such as `a-f-A-M-F-Q`: a friendly drone.
  public var type: CoTType
  /// How its place was found: `m-g` by a satellite receiver of the machine's own, `m-f` out of several sensors.
  public var how: String
  public var time: WallTime
  /// When the event is worth nothing any more.
  public var stale: WallTime
  public var latitudeDegrees: Double
  public var longitudeDegrees: Double
  /// Above the ellipsoid of WGS 84.
  public var heightMetres: Double?
  /// Radius in which it is, and how far its height may be off.
  public var circularErrorMetres: Double?
  public var linearErrorMetres: Double?
  /// Clockwise from north.
  public var courseDegrees: Double?
  public var speedMPerSec: Double?
  /// What a map calls it.
  public var callsign: String
  public var remarks: String?

  public init(
    uid: String, type: CoTType, how: String, time: WallTime, stale: WallTime, latitudeDegrees: Double,
    longitudeDegrees: Double, heightMetres: Double? = nil, circularErrorMetres: Double? = nil,
    linearErrorMetres: Double? = nil, courseDegrees: Double? = nil, speedMPerSec: Double? = nil, callsign: String,
    remarks: String? = nil
  ) {
    self.uid = uid
    self.type = type
    self.how = how
    self.time = time
    self.stale = stale
    self.latitudeDegrees = latitudeDegrees
    self.longitudeDegrees = longitudeDegrees
    self.heightMetres = heightMetres
    self.circularErrorMetres = circularErrorMetres
    self.linearErrorMetres = linearErrorMetres
    self.courseDegrees = courseDegrees
    self.speedMPerSec = speedMPerSec
    self.callsign = callsign
    self.remarks = remarks
  }

  /// The document, one line: a datagram, or a part of a stream.
  public var xml: String {
    func number(_ value: Double?, _ decimals: Int) -> String {
      value.flatMap { $0.isFinite ? DecimalText.fixed($0, decimals) : nil } ?? Self.unknown
    }
    let moment = TimeText.utc(time)
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
    text += "<event version=\"2.0\" uid=\"\(XMLText.escaped(uid))\" type=\"\(type)\" how=\"\(XMLText.escaped(how))\""
    text += " time=\"\(moment)\" start=\"\(moment)\" stale=\"\(TimeText.utc(stale))\">"
    text += "<point lat=\"\(number(latitudeDegrees, 7))\" lon=\"\(number(longitudeDegrees, 7))\""
    text += " hae=\"\(number(heightMetres, 2))\" ce=\"\(number(circularErrorMetres, 2))\""
    text += " le=\"\(number(linearErrorMetres, 2))\"/>"
    text += "<detail><contact callsign=\"\(XMLText.escaped(callsign))\"/>"
    if let speedMPerSec, speedMPerSec.isFinite {
      // A course without a number is that of no direction.
      let course = courseDegrees.flatMap { $0.isFinite ? $0 : nil } ?? 0
      text += "<track course=\"\(DecimalText.fixed(course, 1))\" speed=\"\(DecimalText.fixed(speedMPerSec, 2))\"/>"
    }
    if let remarks { text += "<remarks>\(XMLText.escaped(remarks))</remarks>" }
    return text + "</detail></event>\n"
  }
}
