import Foundation
import Simulation

/// The files of a flight's truth in one folder.
final class TruthFolder {
  private let path: String
  private var handles: [GroundTruthFile: FileHandle] = [:]

  /// Makes the folder and empties the files.
  init(path: String) throws(PublishingError) {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for file in GroundTruthFile.allCases {
        let url = URL(filePath: path).appending(path: file.rawValue)
        try Data().write(to: url)
        handles[file] = try FileHandle(forWritingTo: url)
      }
    } catch {
      throw .cannotWrite(path: path, reason: error.localizedDescription)
    }
  }

  /// Appends to a file.
  func append(_ bytes: [UInt8], to file: GroundTruthFile) throws(PublishingError) {
    do {
      try handles[file]?.write(contentsOf: Data(bytes))
    } catch {
      throw .cannotWrite(path: "\(path)/\(file.rawValue)", reason: error.localizedDescription)
    }
  }
}
