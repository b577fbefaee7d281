public import Tracking

/// The methods of finding objects that this program and a folder of models have.
public struct InstalledFinders: FinderSource {
  public let usualMode: DetectionMode

  /// - Parameter model: `motion` or `none`; `nil`: the best that is there.
  /// - Throws: ``ModelChoiceError`` when there is no model of that name.
  public init(model: String?) throws(ModelChoiceError) {
    switch model {
    case nil, "none": usualMode = .none
    case let name?: throw .unknown(name: name, known: [])
    }
  }

  public func reasonAgainst(_ mode: DetectionMode) -> String? { mode == .none ? nil : "nothing is installed" }

  public func finder(_ mode: DetectionMode, prompt: String) async throws -> any ObjectFinder {
    throw ModelChoiceError.unknown(name: mode.rawValue, known: [])
  }
}

/// A model was asked for that is not there.
public enum ModelChoiceError: Error, Hashable, Sendable, CustomStringConvertible {
  case unknown(name: String, known: [String])

  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no model '\(name)': expected auto, none, motion"
        + (known.isEmpty ? "" : ", or one of those installed: \(known.joined(separator: ", "))")
    }
  }
}
