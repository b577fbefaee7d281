import DetectionService
import MediaModel
import Synchronization
import Tracking

/// Methods of finding objects that do what a test wants, and a record of what was asked of them.
final class ScriptedSource: FinderSource {
  struct Unknown: Error {}

  struct Log {
    /// The modes that finders were made for, each with its prompt.
    var made: [String] = []
    /// `frame nanos isLive` of each picture.
    var pictures: [String] = []
    var prompts: [String] = []
    var finished = 0
  }

  let usualMode: DetectionMode
  let modes: Set<DetectionMode>
  let broken: Set<DetectionMode>
  /// Objects of a frame, by its number.
  let objects: @Sendable (Int) throws -> [TrackedObject]
  private let log = Mutex(Log())

  init(
    usual: DetectionMode = .motion, modes: Set<DetectionMode> = [.motion, .yolo, .grounded],
    broken: Set<DetectionMode> = [],
    objects: @escaping @Sendable (Int) throws -> [TrackedObject] = { [ScriptedSource.object($0)] }
  ) {
    usualMode = usual
    self.modes = modes
    self.broken = broken
    self.objects = objects
  }

  static func object(_ number: Int, id: Int = 1) -> TrackedObject {
    TrackedObject(id: id, label: "car", score: 0.5, box: SIMD4(Float(number), 2, Float(number) + 4, 5))
  }

  var record: Log { log.withLock { $0 } }

  func reasonAgainst(_ mode: DetectionMode) -> String? { modes.contains(mode) ? nil : "no model is there" }

  func finder(_ mode: DetectionMode, prompt: String) async throws -> any ObjectFinder {
    guard !broken.contains(mode) else { throw Unknown() }
    log.withLock { $0.made.append("\(mode.rawValue): \(prompt)") }
    return Finder(source: self, mode: mode.rawValue)
  }

  private struct Finder: ObjectFinder {
    let source: ScriptedSource
    let mode: String

    func report() async -> FinderReport {
      FinderReport(
        model: "script", choices: [.init("input", "8×6")], stages: [.init("detect", nanos: 1_000_000)],
        detectionCount: 2)
    }

    func find(in picture: Picture, number: Int, at nanos: Int64, isLive: Bool) async throws -> [TrackedObject] {
      source.log.withLock { $0.pictures.append("\(number) \(nanos) \(isLive)") }
      return try source.objects(number)
    }

    func setPrompt(_ text: String) async throws {
      guard !text.contains("?") else { throw Unknown() }
      source.log.withLock { $0.prompts.append(text) }
    }

    func finish() async { source.log.withLock { $0.finished += 1 } }
  }
}
