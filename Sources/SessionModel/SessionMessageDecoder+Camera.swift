import MediaModel
import NIOCore
import ProtobufWire
import SessionEvents

extension SessionMessageDecoder {
  /// The camera of a calibration; `nil` of what is none.
  static func camera(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent.Camera? {
    var (width, height, model) = (0, 0, "")
    var (bends, matrix) = ([Double](), [Double]())
    for field in try ProtobufReader.fields(of: data) {
      switch (field.number, field.value) {
      case (2, .fixed32(let value)): width = Int(value)
      case (3, .fixed32(let value)): height = Int(value)
      case (4, .bytes): model = field.text ?? ""
      case (5, .bytes(let bytes)): bends = packed(bytes)
      case (6, .bytes(let bytes)): matrix = packed(bytes)
      default: break
      }
    }
    guard width > 0, height > 0, matrix.count == 9, (matrix + bends).allSatisfy(\.isFinite), matrix[0] > 0,
      matrix[4] > 0
    else { return nil }
    let numbers = SIMD4((0..<4).map { $0 < bends.count ? bends[$0] : 0 })
    return SessionEvent.Camera(
      time: time, focalLength: SIMD2(matrix[0], matrix[4]), principalPoint: SIMD2(matrix[2], matrix[5]),
      resolution: Resolution(width: width, height: height),
      distortion: model == "kannala_brandt"
        ? .fisheye(numbers) : numbers == .zero ? .none : .radialTangential(numbers))
  }

  private static func packed(_ data: ByteBuffer) -> [Double] {
    var (data, numbers) = (data, [Double]())
    while let bits = data.readInteger(endianness: .little, as: UInt64.self) { numbers.append(Double(bitPattern: bits)) }
    return numbers
  }
}
