import Foundation

/// An array in a file of NumPy (`.npy`), the format in which references write what a network should say.
///
/// Source: NumPy's enhancement proposal 1, "A Simple File Format for NumPy Arrays".
public struct NumPyArray: Sendable {
  /// Sizes, outermost first.
  public let shape: [Int]
  /// The numbers, row-major: of `float32`, and `float16` made wider; empty for integers.
  public let floats: [Float]
  /// The numbers of `int64`; empty for others.
  public let integers: [Int64]

  /// The file is not one of these.
  public struct Unreadable: Error {
    public var path: String
  }

  /// - Throws: ``Unreadable``, or what reading the file throws.
  public init(contentsOf url: URL) throws {
    let data = [UInt8](try Data(contentsOf: url))
    let unreadable = Unreadable(path: url.path)
    guard data.count > 10, data.starts(with: Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })), data[6] == 1
    else { throw unreadable }
    let start = 10 + Int(data[8]) + Int(data[9]) << 8
    guard start <= data.count else { throw unreadable }
    let header = String(decoding: data[10..<start], as: UTF8.self)
    guard header.contains("'fortran_order': False"), let open = header.firstIndex(of: "("),
      let close = header.firstIndex(of: ")")
    else { throw unreadable }
    shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    let body = data[start...]
    func numbers<Number>(of type: Number.Type) -> [Number] {
      body.withUnsafeBytes { bytes in
        (0..<bytes.count / MemoryLayout<Number>.size).map {
          bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: type)
        }
      }
    }
    if header.contains("'<f4'") {
      (floats, integers) = (numbers(of: Float.self), [])
    } else if header.contains("'<f2'") {
      (floats, integers) = (numbers(of: UInt16.self).map(Self.float(half:)), [])
    } else if header.contains("'<i8'") {
      (floats, integers) = ([], numbers(of: Int64.self))
    } else {
      throw unreadable
    }
    guard max(floats.count, integers.count) == shape.reduce(1, *) else { throw unreadable }
  }

  /// The number that 16 bits stand for; not all platforms know the type.
  private static func float(half: UInt16) -> Float {
    let sign: Float = half & 0x8000 == 0 ? 1 : -1
    let (exponent, fraction) = (Int(half >> 10) & 0x1f, Float(half & 0x3ff))
    return switch exponent {
    case 0: sign * Float(sign: .plus, exponent: -24, significand: fraction)
    case 0x1f: fraction == 0 ? sign * .infinity : .nan
    default: sign * Float(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
    }
  }
}
