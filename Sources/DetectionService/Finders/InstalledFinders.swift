import BoxTracking
public import Clocks
import Detection
import GroundedTracking
import Inference
import MediaModel
import MotionDetection
import NIOCore
import OpenVINOBackend
internal import PosixFiles
import Threading
public import Tracking
public import TritonBackend

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The methods of finding objects that this program and a folder of models have.
public struct InstalledFinders: FinderSource {
  /// What to choose from, and how sure to be.
  public struct Options: Sendable {
    /// The folder of models.
    public var folder: String
    /// The name of a model or mode; `nil`: the best that is there.
    public var model: String?
    /// How sure Grounding DINO must be of a box, 0…1.
    public var boxThreshold: Float = 0.25
    /// How sure it must be of a word of the prompt, 0…1.
    public var textThreshold: Float = 0.2
    /// The server that runs the models; `nil`: this process does.
    public var server: TritonOptions?

    public init(folder: String, model: String? = nil) {
      self.folder = folder
      self.model = model
    }
  }

  /// The networks of grounded tracking.
  private struct Grounded {
    var detector: String
    var segmenter: String
  }

  public let models: InstalledModels
  public let usualMode: DetectionMode
  private let options: Options
  private let clocks: SystemClocks
  private let backend: (any InferenceBackend)?
  /// Keeps the connection to the server as long as somebody holds this.
  private let connection: ServerConnection?
  /// Why models that are there cannot run; `nil` when they can, or there are none.
  public let backendProblem: String?
  private let grounded: Grounded?

  /// - Throws: ``ModelChoiceError`` when the model that the options name cannot be had, or this program cannot talk to a
  ///   server although they name one.
  public init(_ options: Options, clocks: SystemClocks = .system) throws(ModelChoiceError) {
    self.options = options
    self.clocks = clocks
    models = InstalledModels(folder: options.folder)
    if let server = options.server {
      let connection = try ServerConnection(server)
      (backend, backendProblem, self.connection) = (connection.backend, nil, connection)
    } else {
      (backend, backendProblem) = Self.backend(for: models)
      connection = nil
    }
    grounded = Self.grounded(options.model, models)
    let reasons = { [models, backendProblem] in Self.reason(against: $0, models, backendProblem) }
    usualMode = try Self.mode(options.model, models, reasonAgainst: reasons)
  }

  public func reasonAgainst(_ mode: DetectionMode) -> String? { Self.reason(against: mode, models, backendProblem) }

  public func finder(_ mode: DetectionMode, prompt: String) async throws -> any ObjectFinder {
    if let reason = reasonAgainst(mode) { throw ModelChoiceError.unavailable(name: mode.rawValue, reason: reason) }
    switch mode {
    case .grounded:
      guard let grounded, let backend else { break }
      return try await groundedFinder(grounded, backend, prompt: prompt)
    case .yolo:
      guard let name = models.fastestDet, let backend else { break }
      return try await boxFinder(name, backend, prompt: prompt)
    case .motion: return MotionFinder()
    case .none: break
    }
    throw ModelChoiceError.unavailable(name: mode.rawValue, reason: "nothing finds objects in this mode")
  }

  // MARK: Choosing

  private static func backend(for models: InstalledModels) -> ((any InferenceBackend)?, String?) {
    guard !models.isEmpty else { return (nil, nil) }
    do throws(InferenceError) { return (try OpenVINOBackend(folder: models.folder), nil) } catch {
      return (nil, "\(error)")
    }
  }

  private static func reason(
    against mode: DetectionMode, _ models: InstalledModels, _ backendProblem: String?
  ) -> String? {
    switch mode {
    case .none, .motion: return nil
    case .yolo where models.fastestDet == nil:
      return "there is no FastestDet.onnx with \(InstalledModels.classesFile) beside it in \(models.folder)"
    case .grounded where models.grounding.isEmpty:
      return "there is no Grounding DINO in \(models.folder); worldsystem models prepare makes one"
    case .grounded where models.segmenters.isEmpty:
      return "there is neither EdgeTAM nor SAM 2 in \(models.folder); worldsystem models prepare makes one"
    case .yolo, .grounded: return backendProblem
    }
  }

  private static func mode(
    _ name: String?, _ models: InstalledModels, reasonAgainst: (DetectionMode) -> String?
  ) throws(ModelChoiceError) -> DetectionMode {
    guard let name else { return [.grounded, .yolo].first { reasonAgainst($0) == nil } ?? .motion }
    guard let mode = DetectionMode(word: name) ?? (models.names.contains(name) ? .grounded : nil) else {
      throw .unknown(name: name, known: models.names)
    }
    if let reason = reasonAgainst(mode) { throw .unavailable(name: name, reason: reason) }
    return mode
  }

  /// The pair of networks that a name means; the smallest where it means none.
  private static func grounded(_ name: String?, _ models: InstalledModels) -> Grounded? {
    guard let detector = models.grounding.first, let segmenter = models.segmenters.first else { return nil }
    guard let name, models.names.contains(name), DetectionMode(word: name) == nil else {
      return Grounded(detector: detector, segmenter: segmenter)
    }
    let chosen = models.grounding.first { name == $0 || name.hasPrefix($0 + "+") } ?? detector
    return Grounded(
      detector: chosen, segmenter: models.segmenters.first { name == "\(chosen)+\($0)" } ?? segmenter)
  }

  // MARK: Making

  private func groundedFinder(
    _ networks: Grounded, _ backend: any InferenceBackend, prompt: String
  ) async throws -> any ObjectFinder {
    let path = "\(models.folder)/\(networks.detector)/\(InstalledModels.vocabularyFile)"
    let tokenizer = WordPieceTokenizer(vocabulary: try WordPieceVocabulary(lines: Self.content(path)))
    let now: @Sendable () -> Int64 = { [clocks] in clocks.host().nanos }
    var loaded = try await GroundedModels(
      detector: networks.detector, variants: models.sizes(of: networks.detector), segmenter: networks.segmenter,
      from: backend, tokenizer: tokenizer, now: now)
    loaded.detector.decoder.boxThreshold = options.boxThreshold
    loaded.detector.decoder.textThreshold = options.textThreshold
    return try GroundedFinder(
      loaded, prompt: prompt, segmentation: ThreadExecutor(name: "segmentation"),
      detection: ThreadExecutor(name: "grounding"))
  }

  private func boxFinder(
    _ name: String, _ backend: any InferenceBackend, prompt: String
  ) async throws -> any ObjectFinder {
    let folder = name.split(separator: "/").dropLast().first.map { "/\($0)" } ?? ""
    let content = try Self.content("\(models.folder)\(folder)/\(InstalledModels.classesFile)")
    let classes = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline).map {
      $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let detector = FastestDet(classes: classes.filter { !$0.isEmpty })
    let model = try await backend.load(name, as: detector.signature)
    // As any finder: of an actor's own method and the usual one of the protocol, a direct call takes the latter.
    let finder: any ObjectFinder = BoxFinder(detector, model: model, clock: { [clocks] in clocks.host().nanos })
    try await finder.setPrompt(prompt)
    return finder
  }

  private static func content(_ path: String) throws(FileFailure) -> [UInt8] {
    let file = try OpenFile(path, flags: O_RDONLY, mode: 0)
    return Array(try file.read(at: 0, count: file.size()).readableBytesView)
  }
}

/// A model was asked for that cannot be had.
public enum ModelChoiceError: Error, Hashable, Sendable, CustomStringConvertible {
  case unknown(name: String, known: [String])
  case unavailable(name: String, reason: String)
  /// The server that should run the models cannot be talked to.
  case noServer(reason: String)

  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no model '\(name)': expected auto, none, motion"
        + (known.isEmpty ? "; none is installed" : " or one of those installed: \(known.joined(separator: ", "))")
    case .unavailable(let name, let reason): "\(name) cannot be had: \(reason)"
    case .noServer(let reason): "models cannot run on the server: \(reason)"
    }
  }
}
