import Geometry
import MediaModel
import NIOCore
import ProtobufWire
import SessionEvents

extension SessionMessageDecoder {
  /// The objects of a scene, in their order; what is no object is left out.
  static func places(_ data: ByteBuffer) throws(ProtobufError) -> [SessionEvent.Place] {
    var places: [SessionEvent.Place] = []
    for field in try ProtobufReader.fields(of: data) where field.number == 2 {
      guard places.count < SessionEventReader.placeLimit, let bytes = field.bytes, let place = try place(bytes)
      else { continue }
      places.append(place)
    }
    return places
  }

  private static func place(_ data: ByteBuffer) throws(ProtobufError) -> SessionEvent.Place? {
    var words: [String: String] = [:]
    var solid: (position: SIMD3<Double>, size: SIMD3<Double>, isCube: Bool)?
    for field in try ProtobufReader.fields(of: data) {
      guard let bytes = field.bytes else { continue }
      switch field.number {
      case 6:
        let pair = try ProtobufReader.fields(of: bytes)
        if let key = pair.last(where: { $0.number == 1 })?.text {
          words[key] = pair.last { $0.number == 2 }?.text ?? ""
        }
      case 8, 9: solid = try self.solid(bytes, isCube: field.number == 8)
      default: break
      }
    }
    guard let object = words["id"].flatMap(Int.init), let solid,
      (0..<3).allSatisfy({ solid.position[$0].isFinite && solid.size[$0].isFinite })
    else { return nil }
    func number(_ name: String) -> Double? { words[name].flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil } }
    let deviation = ["deviation_x", "deviation_y", "deviation_z"].compactMap(number).filter { $0 >= 0 }
    var place = SessionEvent.Place(
      object: object, label: words["label"] ?? "", position: solid.position,
      deviation: deviation.count == 3 ? SIMD3(deviation) : nil, halfSize: solid.isCube ? solid.size / 2 : nil,
      map: words["map"].flatMap(Int.init) ?? 0,
      seenAt: words["seen_ns"].flatMap(Int64.init).map(WallTime.init(nanosSince1970:)),
      horizontalErrorMetres: number("horizontal_error_m"), verticalErrorMetres: number("vertical_error_m"))
    if let latitude = number("latitude"), let longitude = number("longitude"), let altitude = number("altitude"),
      abs(latitude) <= 90, abs(longitude) <= 180
    {
      place.earth = GeodeticPosition(
        latitudeDegrees: latitude, longitudeDegrees: longitude, altitudeMetres: altitude)
    }
    return place
  }

  /// Where a cube or ball is, and how large.
  private static func solid(
    _ data: ByteBuffer, isCube: Bool
  ) throws(ProtobufError) -> (position: SIMD3<Double>, size: SIMD3<Double>, isCube: Bool) {
    var (position, size) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
    for field in try ProtobufReader.fields(of: data) {
      guard let bytes = field.bytes else { continue }
      if field.number == 1 {
        for part in try ProtobufReader.fields(of: bytes) where part.number == 1 {
          if let numbers = part.bytes { position = try vector(numbers) }
        }
      } else if field.number == 2 {
        size = try vector(bytes)
      }
    }
    return (position, size, isCube)
  }
}
