public import Geometry

/// Arrays in NumPy's `.npy` format, version 1.0.
///
/// Source: NumPy Enhancement Proposal 1.
public enum NumPyFile {
  /// A pose as a 4×4 matrix of little-endian float64, row-major: `pose_%06d.npy` of key frames.
  public static func bytes(of worldFromCamera: SE3) -> [UInt8] {
    bytes(of: worldFromCamera.rowMajorMatrix.flatMap { $0 }, shape: [4, 4])
  }

  /// An array of float64, the last index running fastest.
  public static func bytes(of elements: [Double], shape: [Int]) -> [UInt8] {
    precondition(shape.reduce(1, *) == elements.count, "one element for each index")
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(sizes)), }"
    // Magic, version, length and header together are a multiple of 64 bytes; the header ends with a new line.
    let unpadded = 10 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    bytes.append(littleEndian: UInt16(header.utf8.count))
    bytes += Array(header.utf8)
    for element in elements { bytes.append(littleEndian: element.bitPattern) }
    return bytes
  }
}

extension [UInt8] {
  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  mutating func append(_ value: Float) { append(littleEndian: value.bitPattern) }
}
