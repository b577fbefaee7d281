import Geometry
import MapFormats

extension NumPyFile {
  /// Reads a pose as ``bytes(of:)`` writes it.
  /// - Returns: `nil` of what is no 4×4 matrix of little-endian float64, row-major, whose rotation is one.
  static func pose(_ bytes: [UInt8]) -> SE3? {
    guard bytes.count > 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8) + [1, 0]) else { return nil }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    guard bytes.count == start + 128 else { return nil }
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    guard header.contains("'<f8'"), header.contains("False"), header.contains("(4, 4") else { return nil }
    let numbers = (0..<16).map { index in
      (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[start + index * 8 + $1]) }
    }.map { Double(bitPattern: $0) }
    guard numbers.allSatisfy(\.isFinite) else { return nil }
    let rows = (0..<3).map { SIMD3(numbers[$0 * 4], numbers[$0 * 4 + 1], numbers[$0 * 4 + 2]) }
    let matrix = Matrix3(rows: rows[0], rows[1], rows[2])
    guard abs(matrix.determinant - 1) < 0.01 else { return nil }
    return SE3(rotation: SO3(matrix: matrix), translation: SIMD3(numbers[3], numbers[7], numbers[11]))
  }
}
