import Geometry
import MapFormats
import MediaModel
import NIOCore
public import SessionEvents

/// The events of a session as tables, one for each kind. Source: RFC 4180.
///
/// `t_s` is the capture time on the server's clock, seconds since 1970 with nine decimals. What is not known is empty.
public enum CSVTable: String, CaseIterable, Hashable, Sendable {
  case video, imu, gps, poses, objects, places, identifications, log

  /// The name of the file.
  public var fileName: String { rawValue + ".csv" }

  /// The first line, with its end.
  public var header: String {
    let names =
      switch self {
      case .video: "t_s,frame,key_frame,bytes,width,height"
      case .imu: "t_s,gx_radps,gy_radps,gz_radps,ax_mps2,ay_mps2,az_mps2,mx_ut,my_ut,mz_ut,qw,qx,qy,qz"
      case .gps: "t_s,lat_deg,lon_deg,alt_m,accuracy_m,speed_mps,heading_deg"
      case .poses: "t_s,frame,map,metric,key_frame,tx,ty,tz,qx,qy,qz,qw"
      case .objects: "t_s,frame,id,label,score,x0,y0,x1,y1"
      case .places:
        "t_s,id,label,map,x,y,z,lat_deg,lon_deg,alt_m,horizontal_error_m,vertical_error_m,last_seen_s"
      case .identifications: "t_s,id,findings"
      case .log: "t_s,level,source,text"
      }
    return names + "\r\n"
  }

  /// Which table an event goes to, and its lines, each with its end; `nil`: none has it.
  public static func rows(of event: SessionEvent) -> (table: CSVTable, text: String)? {
    switch event {
    case .video(let video):
      let bytes = video.data.reduce(0) { $0 + $1.readableBytes }
      let size = [video.resolution.width, video.resolution.height].map { $0 > 0 ? "\($0)" : "" }
      return (.video, line([seconds(video.time), "\(video.frame)", flag(video.isKeyFrame), "\(bytes)"] + size))
    case .motion(let motion):
      let rates = numbers(motion.gyroscope) + numbers(motion.accelerometer)
      let field = motion.magnetometer.map(numbers) ?? ["", "", ""]
      let turn = motion.orientation.map { [$0.w, $0.x, $0.y, $0.z].map { "\($0)" } } ?? ["", "", "", ""]
      return (.imu, line([seconds(motion.time)] + rates + field + turn))
    case .location(let fix):
      let place = [DecimalText.fixed(fix.latitudeDegrees, 9), DecimalText.fixed(fix.longitudeDegrees, 9)]
      let rest = [fix.altitudeMetres, fix.accuracyMetres, fix.speedMPerSec, fix.headingDegrees]
      return (.gps, line([seconds(fix.time)] + place + rest.map { $0.map { DecimalText.fixed($0, 3) } ?? "" }))
    case .pose(let pose):
      let (t, q) = (pose.worldFromCamera.translation, pose.worldFromCamera.rotation.quaternion)
      let head = [seconds(pose.time), "\(pose.frame)", "\(pose.map)", flag(pose.isMetric), flag(pose.isKeyFrame)]
      return (.poses, line(head + [t.x, t.y, t.z, q.x, q.y, q.z, q.w].map { DecimalText.fixed($0, 9) }))
    case .objects(let frame):
      let lines = frame.objects.map { object in
        let box = (0..<4).map { "\(object.box[$0])" }
        return line(
          [seconds(frame.time), "\(frame.frame)", "\(object.id)", object.label, "\(object.score)"] + box)
      }
      return (.objects, lines.joined())
    case .identification(let result):
      return (.identifications, line([seconds(result.time), "\(result.object)", result.findings]))
    case .log(let log): return (.log, line([seconds(log.time), "\(log.level)", log.source, log.text]))
    case .places(let places, let time): return (.places, places.map { line(of: $0, at: time) }.joined())
    case .videoWasCut, .camera, .points: return nil
    }
  }

  private static func line(of place: SessionEvent.Place, at time: WallTime) -> String {
    let earth = [
      place.earth.map { DecimalText.fixed($0.latitudeDegrees, 9) },
      place.earth.map { DecimalText.fixed($0.longitudeDegrees, 9) },
      place.earth.map { DecimalText.fixed($0.altitudeMetres, 3) },
      place.horizontalErrorMetres.map { DecimalText.fixed($0, 3) },
      place.verticalErrorMetres.map { DecimalText.fixed($0, 3) }, place.seenAt.map(seconds),
    ]
    let position = (0..<3).map { DecimalText.fixed(place.position[$0], 4) }
    return line(
      [seconds(time), "\(place.object)", place.label, "\(place.map)"] + position + earth.map { $0 ?? "" })
  }

  private static func seconds(_ time: WallTime) -> String { DecimalText.seconds(nanos: time.nanosSince1970) }

  private static func numbers(_ vector: SIMD3<Double>) -> [String] { (0..<3).map { "\(vector[$0])" } }

  private static func flag(_ value: Bool) -> String { value ? "1" : "0" }

  private static func line(_ fields: [String]) -> String { fields.map(field).joined(separator: ",") + "\r\n" }

  /// In quotes where it has to be, section 2, rules 5 to 7.
  static func field(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { ["\"", ",", "\r", "\n"].contains($0) }) else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}
