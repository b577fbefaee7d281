internal import PosixFiles

/// The models that lie in a folder, known by the names of their networks.
public struct InstalledModels: Hashable, Sendable {
  public let folder: String
  /// Folders with Grounding DINO's networks and its vocabulary, small models first.
  public let grounding: [String]
  /// Folders with the networks of SAM 2 or EdgeTAM, small models first.
  public let segmenters: [String]
  /// FastestDet, as a backend names it, where the names of its classes lie beside it.
  public let fastestDet: String?

  /// Names of the networks' files, without extension.
  static let vocabularyFile = "vocab.txt"
  static let classesFile = "coco.names"

  /// A folder that is not there has no models.
  public init(folder: String) {
    self.folder = folder
    let entries = Self.names(in: folder)
    var (grounding, segmenters): ([String], [String]) = ([], [])
    var fastestDet = entries.contains(Self.classesFile) ? Self.fastestDet(in: entries) : nil
    for entry in entries where !entry.hasPrefix(".") {
      let files = Self.names(in: folder + "/" + entry)
      let networks = Self.networks(files)
      if networks.contains("gd_text"), networks.contains("gd_detect"), files.contains(Self.vocabularyFile) {
        grounding.append(entry)
      }
      if networks.contains("encode_image"), networks.contains("attend_memory") { segmenters.append(entry) }
      if fastestDet == nil, files.contains(Self.classesFile), let name = Self.fastestDet(in: files) {
        fastestDet = entry + "/" + name
      }
    }
    self.grounding = Self.smallFirst(grounding)
    self.segmenters = Self.smallFirst(segmenters)
    self.fastestDet = fastestDet
  }

  public var isEmpty: Bool { grounding.isEmpty && segmenters.isEmpty && fastestDet == nil }

  /// What may be asked for by name: each Grounding DINO, alone and with each segmenter, and FastestDet.
  public var names: [String] {
    (fastestDet == nil ? [] : ["fastestdet"])
      + (segmenters.isEmpty
        ? [] : grounding.flatMap { detector in [detector] + segmenters.map { "\(detector)+\($0)" } })
  }

  /// What follows `gd_detect` in the names of networks for pictures of other sizes.
  func sizes(of detector: String) -> [String] {
    Self.networks(Self.names(in: folder + "/" + detector)).filter { $0.hasPrefix("gd_detect") && $0 != "gd_detect" }
      .map { String($0.dropFirst("gd_detect".count)) }.sorted()
  }

  private static func names(in folder: String) -> [String] { (try? Folder.names(in: folder)) ?? [] }

  private static func networks(_ files: [String]) -> Set<String> {
    Set(
      files.compactMap { file in
        [".xml", ".onnx"].first { file.hasSuffix($0) }.map { String(file.dropLast($0.count)) }
      })
  }

  private static func fastestDet(in files: [String]) -> String? {
    networks(files).filter { $0.lowercased() == "fastestdet" }.min()
  }

  /// A machine without an accelerator is the usual one.
  private static func smallFirst(_ names: [String]) -> [String] {
    func rank(_ name: String) -> Int {
      ["edgetam", "tiny", "small", "base", "large"].firstIndex { name.contains($0) } ?? 5
    }
    return names.sorted { (rank($0), $0) < (rank($1), $1) }
  }
}
