import CodedMedia
import FragmentedMP4
import H264
import MediaModel
import NIOCore

/// The video of a session as one MP4 file, as it was coded. Where its parameter sets change, as by another size, a further
/// file begins: no player would show the rest.
struct SessionVideoFile {
  private let folder: SessionFolder
  private let onProgress: (Double) -> Void

  init(_ folder: SessionFolder, onProgress: @escaping (Double) -> Void) {
    self.folder = folder
    self.onProgress = onProgress
  }

  func write(_ path: String) throws {
    let units = try SessionUnits(folder)
    var part: Part?
    var parts = 0
    var written = 0
    while let unit = try units.next()?.unit {
      if let current = part, !current.sets.hasSameContent(as: unit.parameterSets) {
        try current.finish()
        part = nil
        guard path != OutputFile.standardOutput else {
          throw SessionsError.usage("the size of the video changes: it does not fit into one stream")
        }
      }
      if part == nil {
        guard unit.isKeyFrame else { continue }
        parts += 1
        part = try Part(parts == 1 ? path : Self.name(path, part: parts), first: unit)
      }
      try part?.add(unit)
      written += 1
      if written % 256 == 0, let range = folder.videoRange {
        onProgress(min(1, unit.capturedAt.since(range.start).seconds / range.end.since(range.start).seconds))
      }
    }
    guard let part else { throw SessionsError.nothing(session: folder.name, what: "video") }
    try part.finish()
    onProgress(1)
  }

  /// `flight.mp4`, `flight_2.mp4`….
  private static func name(_ path: String, part: Int) -> String {
    guard path.hasSuffix(".mp4") else { return "\(path)_\(part)" }
    return "\(path.dropLast(4))_\(part).mp4"
  }

  private final class Part {
    private static let fragment = Nanoseconds.milliseconds(500)
    let sets: ParameterSets
    private let file: OutputFile
    private var writer: FragmentedMP4Writer

    init(_ path: String, first: AccessUnit) throws {
      sets = first.parameterSets
      file = try OutputFile(path)
      writer = try FragmentedMP4Writer(
        parameterSets: sets, origin: first.capturedAt, purpose: file.isStandardOutput ? .stream : .file)
      try file.write(writer.initializationSegment)
    }

    func add(_ unit: AccessUnit) throws {
      writer.add(unit)
      guard unit.isKeyFrame || writer.pendingDuration >= Self.fragment || writer.pendingBytes >= 8 << 20 else { return }
      if let fragment = writer.fragment(keepsLast: true) { try file.write(fragment) }
    }

    func finish() throws {
      let completion = writer.finish()
      try file.write(completion.trailer)
      for patch in completion.patches { try file.write(patch.bytes, at: patch.offset) }
      try file.finish()
    }
  }
}
