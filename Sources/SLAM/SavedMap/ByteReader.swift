import Geometry

/// Reads little-endian values and never beyond the end.
struct ByteReader {
  /// What is being read, for whoever has to be told what is wrong.
  enum Part {
    case header, camera, placement, counts, keyFrame(Int), point(Int)

    var name: String {
      switch self {
      case .header: "header"
      case .camera: "camera"
      case .placement: "placement"
      case .counts: "list"
      case .keyFrame(let index): "key frame \(index)"
      case .point(let index): "point \(index)"
      }
    }
  }

  private let bytes: [UInt8]
  private(set) var offset: Int
  var part = Part.header

  init(_ bytes: [UInt8], from offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }

  var remaining: Int { bytes.count - offset }

  var wrongValue: SavedMapError { .wrongValue(of: part.name, at: offset) }
  var wrongLength: SavedMapError { .wrongLength(of: part.name, at: offset) }

  mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(SavedMapError) -> Value {
    let size = MemoryLayout<Value>.size
    guard remaining >= size else { throw wrongLength }
    let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    offset += size
    return Value(littleEndian: value)
  }

  /// A whole number of a range.
  mutating func integer(in range: ClosedRange<Int>) throws(SavedMapError) -> Int {
    let value = Int(try integer(Int64.self))
    guard range.contains(value) else { throw wrongValue }
    return value
  }

  /// A number that does not exceed `limit` either way.
  mutating func number(limit: Double) throws(SavedMapError) -> Double {
    let value = Double(bitPattern: try integer())
    guard value.magnitude <= limit else { throw wrongValue }
    return value
  }

  mutating func shortNumber(limit: Float) throws(SavedMapError) -> Float {
    let value = Float(bitPattern: try integer())
    guard value.magnitude <= limit else { throw wrongValue }
    return value
  }

  mutating func pair(limit: Double) throws(SavedMapError) -> SIMD2<Double> {
    SIMD2(try number(limit: limit), try number(limit: limit))
  }

  mutating func vector(limit: Double) throws(SavedMapError) -> SIMD3<Double> {
    SIMD3(try number(limit: limit), try number(limit: limit), try number(limit: limit))
  }

  mutating func rotation() throws(SavedMapError) -> SO3 {
    let (xyz, w) = (try vector(limit: 2), try number(limit: 2))
    guard let rotation = SO3(unitQuaternion: SIMD4(xyz, w)) else { throw wrongValue }
    return rotation
  }

  mutating func rigidMotion() throws(SavedMapError) -> SE3 {
    SE3(rotation: try rotation(), translation: try vector(limit: SavedMap.maximalLength))
  }

  mutating func similarity() throws(SavedMapError) -> Sim3 {
    let scale = try number(limit: SavedMap.maximalLength)
    guard scale > 0 else { throw wrongValue }
    let rigid = try rigidMotion()
    return Sim3(scale: scale, rotation: rigid.rotation, translation: rigid.translation)
  }

  /// How many elements follow, each of at least so many bytes: no more than there is room for.
  mutating func count(ofBytes size: Int) throws(SavedMapError) -> Int {
    let count = Int(try integer(UInt32.self))
    guard count <= remaining / size else { throw wrongLength }
    return count
  }
}

/// Writes little-endian values.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  mutating func append(_ more: [UInt8]) { bytes += more }

  mutating func integer(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func number(_ value: Double) { integer(value.bitPattern) }
  mutating func shortNumber(_ value: Float) { integer(value.bitPattern) }

  mutating func pair(_ value: SIMD2<Double>) {
    number(value.x)
    number(value.y)
  }

  mutating func vector(_ value: SIMD3<Double>) {
    number(value.x)
    number(value.y)
    number(value.z)
  }

  mutating func rotation(_ value: SO3) {
    let q = value.quaternion
    for component in [q.x, q.y, q.z, q.w] { number(component) }
  }

  mutating func rigidMotion(_ value: SE3) {
    rotation(value.rotation)
    vector(value.translation)
  }

  mutating func similarity(_ value: Sim3) {
    number(value.scale)
    rotation(value.rotation)
    vector(value.translation)
  }
}
