import Foundation

/// A key of somebody's API. It is never shown: not in text, not by reflection.
public struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  let text: String

  /// - Returns: `nil` when, without the space around it, it is empty or has what no header can carry.
  public init?(_ text: some StringProtocol) {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.isEmpty, trimmed.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
    self.text = trimmed
  }

  /// Reads a key from the environment: the variable `name`, or else the file that the variable `name_FILE` names.
  ///
  /// - Parameter read: the content of a file.
  /// - Returns: `nil` when neither is set.
  /// - Throws: ``IdentificationError/key(name:reason:)`` when the file cannot be read or holds no key. The key is not in it.
  public static func read(
    _ name: String, environment: [String: String], file read: (_ path: String) throws -> String
  ) throws(IdentificationError) -> APIKey? {
    if let text = environment[name], !text.isEmpty {
      guard let key = APIKey(text) else { throw .key(name: name, reason: "is no key") }
      return key
    }
    guard let path = environment[name + "_FILE"], !path.isEmpty else { return nil }
    guard let text = try? read(path) else {
      throw .key(name: name + "_FILE", reason: "names a file that cannot be read")
    }
    guard let key = APIKey(text) else { throw .key(name: name + "_FILE", reason: "names a file without a key") }
    return key
  }

  public var description: String { "an API key" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why identification cannot be set up.
public enum IdentificationError: Error, Hashable, Sendable, CustomStringConvertible {
  case key(name: String, reason: String)
  /// An address is no `http` or `https` URL.
  case address(String)

  public var description: String {
    switch self {
    case .key(let name, let reason): "\(name) \(reason)"
    case .address(let name): "\(name) is not the URL of a server"
    }
  }
}
