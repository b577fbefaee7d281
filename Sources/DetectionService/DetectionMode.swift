/// What a detection service does with a stream.
public enum DetectionMode: String, CaseIterable, Hashable, Sendable {
  /// Nothing.
  case none
  /// Finds what moves, without a model.
  case motion
  /// Finds the classes that a detector was trained for.
  case yolo
  /// Finds what a prompt names, and cuts it out.
  case grounded

  /// The mode that a word of a phone, or of somebody else, means; `nil` for a word that is not known. `off` is `none`,
  /// `fastestdet` is `yolo`.
  public init?(word: String) {
    switch word.lowercased() {
    case "off": self = .none
    case "fastestdet": self = .yolo
    case let word:
      guard let mode = DetectionMode(rawValue: word) else { return nil }
      self = mode
    }
  }
}

/// A wish for another mode or prompt.
public struct DetectionRequest: Hashable, Sendable {
  /// A word for a mode; `nil` leaves it.
  public var mode: String?
  /// `nil` leaves it.
  public var prompt: String?

  public init(mode: String? = nil, prompt: String? = nil) {
    self.mode = mode
    self.prompt = prompt
  }
}

/// Why a wish is not followed.
public enum DetectionRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// The wish is not one.
  case malformed(reason: String)
  /// No mode has this name.
  case unknownMode(String)
  /// This process cannot do that.
  case unavailable(DetectionMode, reason: String)
  /// The prompt is empty or too long.
  case badPrompt(reason: String)

  public var description: String {
    switch self {
    case .malformed(let reason): "the request is malformed: \(reason)"
    case .unknownMode(let word):
      "mode '\(word.prefix(40))' is not known: expected "
        + DetectionMode.allCases.map(\.rawValue).joined(separator: ", ")
    case .unavailable(let mode, let reason): "mode \(mode.rawValue) is not available: \(reason)"
    case .badPrompt(let reason): "the prompt is \(reason)"
    }
  }

  /// What it counts as.
  var reason: DetectionMetrics.Refused {
    switch self {
    case .malformed: .malformed
    case .unknownMode: .unknownMode
    case .unavailable: .unavailable
    case .badPrompt: .prompt
    }
  }
}
