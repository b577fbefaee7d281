import Foundation
public import Inference

/// A file of NumPy with one array of 32-bit floats or 64-bit integers, row-major, as `numpy.save` writes it.
///
/// Source: NumPy Enhancement Proposal 1, versions 1 and 2 of the format.
public enum TensorFile {
  private static let magic = Data([0x93]) + Data("NUMPY".utf8)

  /// - Throws: ``ModelFault``
  public static func read(_ file: URL) throws -> Tensor {
    guard let data = try? Data(contentsOf: file) else { throw ModelFault("\(file.path) cannot be read") }
    guard let tensor = tensor([UInt8](data)) else {
      throw ModelFault("\(file.path) is no array of 32-bit floats or 64-bit integers")
    }
    return tensor
  }

  static func tensor(_ bytes: [UInt8]) -> Tensor? {
    guard bytes.count > 12, bytes.prefix(6).elementsEqual(magic), bytes[6] == 1 || bytes[6] == 2 else { return nil }
    let isLong = bytes[6] == 2
    let start = isLong ? 12 : 10
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard start + length <= bytes.count else { return nil }
    let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
    guard header.contains("'fortran_order': False"), let shape = shape(header) else { return nil }
    let numbers = bytes[(start + length)...]
    var count = 1
    for size in shape {
      let (product, isTooLarge) = count.multipliedReportingOverflow(by: size)
      guard !isTooLarge, product <= numbers.count else { return nil }
      count = product
    }
    if header.contains("'descr': '<f4'"), numbers.count == 4 * count {
      return Tensor(numbers.withUnsafeBytes { copy($0, count, of: Float.self) }, shape: shape)
    }
    if header.contains("'descr': '<i8'"), numbers.count == 8 * count {
      return Tensor(numbers.withUnsafeBytes { copy($0, count, of: Int64.self) }, shape: shape)
    }
    return nil
  }

  private static func copy<Number: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ count: Int, of: Number.Type
  ) -> [Number] {
    (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self) }
  }

  /// For example of `'shape': (2, 3), `.
  private static func shape(_ header: String) -> [Int]? {
    guard let start = header.range(of: "'shape': ("), let end = header[start.upperBound...].firstIndex(of: ")") else {
      return nil
    }
    let parts = header[start.upperBound..<end].split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    let sizes = parts.filter { !$0.isEmpty }.map { Int($0) }
    guard sizes.allSatisfy({ ($0 ?? -1) >= 0 }) else { return nil }
    return sizes.compactMap(\.self)
  }
}
