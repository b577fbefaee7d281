import CModelExporter
import Crypto
import Foundation

/// A file of the exporter, the Python program that makes networks of checkpoints. It travels inside this program.
public struct ExporterFile: Sendable {
  /// Below the exporter's folder.
  public let path: String
  public let content: Data

  /// Every file, in the order of its table.
  public static let all: [ExporterFile] = (0..<ws_exporter_file_count()).compactMap { index in
    guard let file = ws_exporter_file(index)?.pointee else { return nil }
    return ExporterFile(path: String(cString: file.path), content: Data(bytes: file.bytes, count: file.length))
  }

  /// Writes the exporter, unless the same one is there.
  /// - Parameter folder: for exporters; each version has a folder of its own in it, so that a run that is under way keeps
  ///   its own.
  /// - Returns: the folder of this version.
  public static func write(into folder: URL) throws -> URL {
    var digest = SHA256()
    for file in all {
      digest.update(data: Data(file.path.utf8))
      digest.update(data: file.content)
    }
    let version = digest.finalize().prefix(8).map { String(hexByte: $0) }.joined()
    let target = folder.appending(path: version)
    for file in all {
      let place = target.appending(path: file.path)
      if let there = try? Data(contentsOf: place), there == file.content { continue }
      try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try file.content.write(to: place, options: .atomic)
    }
    return target
  }
}

extension String {
  /// Two hexadecimal digits.
  init(hexByte byte: UInt8) {
    let digits = String(byte, radix: 16)
    self = digits.count == 1 ? "0" + digits : digits
  }
}
