import Checksums
import Geometry
import Vision

// The format, little-endian throughout: a header of magic number, version (u32), CRC-32 of what follows the header (u32)
// and its length (u64), and then
//
//     camera      kind u8, width u32, height u32, focal length 2×f64, principal point 2×f64, distortion 4×f64
//     runs        u32
//     placement   u8: bit 0 metres and the vertical (similarity), bit 1 the place on Earth
//                 (latitude, longitude, altitude, similarity, residual, deviation of the heading)
//     key frames  u32, and for each: run u32, frame number i64, capture time i64, thinned u8, camera from world,
//                 features u32, and for each: pixel 2×f32, owner i64, levels u8, 32 bytes for each level that is set
//     points      u32, and for each, ascending by identifier: identifier i64, position 3×f64, colour known u8 and
//                 3×u8, observations u32, and for each: key frame u32, pixel 2×f64
//
// A rotation is a unit quaternion x, y, z, w; a rigid motion is a rotation and a translation; a similarity is a scale
// and a rigid motion; all f64.
extension SavedMap {
  static let version: UInt32 = 1
  /// Line ends that a transfer as text would change, and a byte that no text has.
  private static let magic: [UInt8] = Array("WSMAP".utf8) + [0x00, 0x0d, 0x0a]
  private static let headerSize = 24
  static let maximalLength = 1e12
  private static let maximalPixel = 1e6
  private static let maximalIdentifier = 1 << 53
  private static let maximalFeatures = 4_096
  private static let bytesOfKeyFrame = 4 + 8 + 8 + 1 + 56 + 4
  private static let bytesOfFeature = 8 + 8 + 1 + 32
  private static let bytesOfPoint = 8 + 24 + 4 + 4 + 2 * bytesOfObservation
  private static let bytesOfObservation = 4 + 16

  /// The map as a file has it. The same map gives the same bytes.
  public var bytes: [UInt8] {
    var payload = ByteWriter()
    let observations = map.points.observationCount
    let features = map.keyFrames.reduce(0) { $0 + $1.features.count }
    payload.reserve(113 * features + 81 * map.keyFrames.count + 40 * map.points.count + 20 * observations + 400)
    write(camera, &payload)
    payload.integer(UInt32(runs))
    write(placement, &payload)
    payload.integer(UInt32(map.keyFrames.count))
    for keyFrame in map.keyFrames { write(keyFrame, &payload) }
    payload.integer(UInt32(map.points.count))
    for identifier in map.points.keys.sorted() {
      guard let point = map.points[identifier] else { continue }
      write(point, identifier, &payload)
    }
    var file = ByteWriter()
    file.reserve(Self.headerSize + payload.bytes.count)
    file.append(Self.magic)
    file.integer(Self.version)
    file.integer(payload.bytes.withUnsafeBytes { CRC32.checksum(of: $0) })
    file.integer(UInt64(payload.bytes.count))
    file.append(payload.bytes)
    return file.bytes
  }

  private func write(_ camera: CameraModel, _ writer: inout ByteWriter) {
    let (kind, distortion): (UInt8, SIMD4<Double>) =
      switch camera {
      case .pinhole(let pinhole):
        (0, SIMD4(pinhole.distortion.k1, pinhole.distortion.k2, pinhole.distortion.p1, pinhole.distortion.p2))
      case .fisheye(let fisheye): (1, fisheye.distortion)
      }
    writer.integer(kind)
    writer.integer(UInt32(camera.width))
    writer.integer(UInt32(camera.height))
    writer.pair(camera.focalLength)
    writer.pair(camera.principalPoint)
    for index in 0..<4 { writer.number(distortion[index]) }
  }

  private func write(_ placement: Placement, _ writer: inout ByteWriter) {
    writer.integer(UInt8(placement.metricFromWorld == nil ? 0 : 1) | UInt8(placement.place == nil ? 0 : 2))
    if let metricFromWorld = placement.metricFromWorld { writer.similarity(metricFromWorld) }
    guard let place = placement.place else { return }
    let origin = place.origin
    for value in [origin.latitudeDegrees, origin.longitudeDegrees, origin.altitudeMetres] { writer.number(value) }
    writer.similarity(place.enuFromWorld)
    writer.number(place.residual)
    writer.number(place.headingDeviation)
  }

  private func write(_ keyFrame: KeyFrame, _ writer: inout ByteWriter) {
    writer.integer(UInt32(keyFrame.run))
    writer.integer(Int64(keyFrame.number))
    writer.integer(keyFrame.nanos)
    writer.integer(UInt8(keyFrame.isThinned ? 1 : 0))
    writer.rigidMotion(keyFrame.cameraFromWorld)
    let features = keyFrame.features
    writer.integer(UInt32(features.count))
    for feature in 0..<features.count {
      writer.shortNumber(features.pixels[feature].x)
      writer.shortNumber(features.pixels[feature].y)
      // Of several features that a point was given, the last shows it.
      let owner = features.owners[feature]
      writer.integer(Int64(owner >= 0 && features.feature(of: owner) == feature ? owner : -1))
      let levels = (0..<KeyFrameFeatures.levelCount).map { features.descriptor(feature, level: $0) }
      writer.integer(levels.enumerated().reduce(UInt8(0)) { $1.element == nil ? $0 : $0 | 1 << UInt8($1.offset) })
      for case let descriptor? in levels {
        for word in 0..<4 { writer.integer(descriptor.bits[word]) }
      }
    }
  }

  private func write(_ point: MapPoint, _ identifier: Int, _ writer: inout ByteWriter) {
    writer.integer(Int64(identifier))
    writer.vector(point.position)
    let colour = colours[identifier]
    for byte in [colour == nil ? 0 : 1, colour?.x ?? 0, colour?.y ?? 0, colour?.z ?? 0] { writer.integer(byte) }
    writer.integer(UInt32(point.observations.count))
    for observation in point.observations {
      writer.integer(UInt32(observation.keyFrame))
      writer.pair(observation.pixel)
    }
  }

  /// Reads a map.
  /// - Throws: `SavedMapError` for anything that this program did not write, whatever it is.
  public init(bytes: [UInt8]) throws(SavedMapError) {
    guard bytes.starts(with: Self.magic) else { throw .noMap }
    var reader = ByteReader(bytes, from: Self.magic.count)
    let version = try reader.integer(UInt32.self)
    guard version == Self.version else { throw .unknownVersion(version) }
    let checksum = try reader.integer(UInt32.self)
    guard UInt64(reader.remaining) >= 8, try reader.integer(UInt64.self) == UInt64(reader.remaining) else {
      throw .wrongLength(of: "file", at: bytes.count)
    }
    guard bytes[Self.headerSize...].withUnsafeBytes({ CRC32.checksum(of: $0) }) == checksum else {
      throw .wrongChecksum
    }
    let camera = try Self.camera(&reader)
    reader.part = .counts
    let runs = Int(try reader.integer(UInt32.self))
    guard (1...Int(Int32.max)).contains(runs) else { throw reader.wrongValue }
    self.init(camera: camera, runs: runs, map: SLAMMap())
    placement = try Self.placement(&reader)
    reader.part = .counts
    let keyFrameCount = try reader.count(ofBytes: Self.bytesOfKeyFrame)
    map.keyFrames.reserveCapacity(keyFrameCount)
    for index in 0..<keyFrameCount {
      reader.part = .keyFrame(index)
      map.keyFrames.append(try Self.keyFrame(&reader, camera, runs: runs))
    }
    reader.part = .counts
    let pointCount = try reader.count(ofBytes: Self.bytesOfPoint)
    var last = -1
    for index in 0..<pointCount {
      reader.part = .point(index)
      last = try readPoint(&reader, after: last)
    }
    guard reader.remaining == 0 else { throw reader.wrongLength }
    map.indexPlaces()
  }

  private static func camera(_ reader: inout ByteReader) throws(SavedMapError) -> CameraModel {
    reader.part = .camera
    let kind = try reader.integer(UInt8.self)
    let (width, height) = (Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self)))
    guard kind <= 1, (1...16_384).contains(width), (1...16_384).contains(height) else { throw reader.wrongValue }
    let focalLength = try reader.pair(limit: maximalPixel)
    guard focalLength.min() > 0.1 else { throw reader.wrongValue }
    let principalPoint = try reader.pair(limit: maximalPixel)
    let (a, b) = (try reader.pair(limit: 1e3), try reader.pair(limit: 1e3))
    if kind == 1 {
      return .fisheye(
        FisheyeCamera(
          focalLength: focalLength, principalPoint: principalPoint, distortion: SIMD4(a.x, a.y, b.x, b.y),
          width: width, height: height))
    }
    return .pinhole(
      PinholeCamera(
        focalLength: focalLength, principalPoint: principalPoint,
        distortion: .init(k1: a.x, k2: a.y, p1: b.x, p2: b.y), width: width, height: height))
  }

  private static func placement(_ reader: inout ByteReader) throws(SavedMapError) -> Placement {
    reader.part = .placement
    let known = try reader.integer(UInt8.self)
    guard known <= 3 else { throw reader.wrongValue }
    var placement = Placement()
    if known & 1 != 0 { placement.metricFromWorld = try reader.similarity() }
    guard known & 2 != 0 else { return placement }
    let origin = GeodeticPosition(
      latitudeDegrees: try reader.number(limit: 90), longitudeDegrees: try reader.number(limit: 360),
      altitudeMetres: try reader.number(limit: 1e6))
    let enuFromWorld = try reader.similarity()
    let (residual, deviation) = (try reader.number(limit: 1e6), try reader.number(limit: 10))
    placement.place = Place(
      origin: origin, enuFromWorld: enuFromWorld, residual: residual, headingDeviation: deviation)
    return placement
  }

  private static func keyFrame(
    _ reader: inout ByteReader, _ camera: CameraModel, runs: Int
  ) throws(SavedMapError) -> KeyFrame {
    let run = Int(try reader.integer(UInt32.self))
    let number = try reader.integer(in: 0...maximalIdentifier)
    let nanos = try reader.integer(Int64.self)
    let thinned = try reader.integer(UInt8.self)
    guard run < runs, nanos.magnitude < 1 << 62, thinned <= 1 else { throw reader.wrongValue }
    var keyFrame = KeyFrame(cameraFromWorld: try reader.rigidMotion(), number: number, nanos: nanos)
    (keyFrame.run, keyFrame.isThinned) = (run, thinned == 1)
    let count = try reader.count(ofBytes: bytesOfFeature)
    guard count <= maximalFeatures else { throw reader.wrongValue }
    var features: [KeyFrameFeatures.Feature] = []
    features.reserveCapacity(count)
    for _ in 0..<count {
      let pixel = SIMD2(try reader.shortNumber(limit: 1e6), try reader.shortNumber(limit: 1e6))
      let owner = try reader.integer(in: -1...maximalIdentifier)
      let levels = try reader.integer(UInt8.self)
      guard levels != 0, levels >> UInt8(KeyFrameFeatures.levelCount) == 0 else { throw reader.wrongValue }
      var descriptors = [BinaryDescriptor?](repeating: nil, count: KeyFrameFeatures.levelCount)
      for level in descriptors.indices where levels >> UInt8(level) & 1 == 1 {
        descriptors[level] = BinaryDescriptor(
          bits: SIMD4(try reader.integer(), try reader.integer(), try reader.integer(), try reader.integer()))
      }
      features.append(.init(pixel: pixel, owner: owner, descriptors: descriptors))
    }
    keyFrame.features = KeyFrameFeatures(features, width: camera.width, height: camera.height)
    // Two features of one picture cannot show the same point.
    guard keyFrame.features.ownedCount == features.count(where: { $0.owner >= 0 }) else { throw reader.wrongValue }
    return keyFrame
  }

  /// - Returns: the identifier.
  private mutating func readPoint(_ reader: inout ByteReader, after last: Int) throws(SavedMapError) -> Int {
    let identifier = try reader.integer(in: 0...Self.maximalIdentifier)
    guard identifier > last else { throw reader.wrongValue }
    let position = try reader.vector(limit: Self.maximalLength)
    let isColoured = try reader.integer(UInt8.self)
    let colour = SIMD3<UInt8>(try reader.integer(), try reader.integer(), try reader.integer())
    guard isColoured == 1 || (isColoured == 0 && colour == .zero) else { throw reader.wrongValue }
    if isColoured == 1 { colours[identifier] = colour }
    let count = try reader.count(ofBytes: Self.bytesOfObservation)
    guard count >= 2 else { throw reader.wrongValue }
    var point = MapPoint(position: position, observations: [])
    point.observations.reserveCapacity(count)
    for _ in 0..<count {
      let keyFrame = Int(try reader.integer(UInt32.self))
      guard map.keyFrames.indices.contains(keyFrame) else { throw reader.wrongValue }
      point.observations.append((keyFrame, try reader.pair(limit: Self.maximalPixel)))
    }
    guard Set(point.observations.map(\.keyFrame)).count == count else { throw reader.wrongValue }
    map.points[identifier] = point
    return identifier
  }
}
