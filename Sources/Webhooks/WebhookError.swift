/// Why webhooks cannot be set up.
public enum WebhookError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A line of the key file is no key.
  case secret(line: Int, reason: String)

  public var description: String {
    switch self {
    case .secret(let line, let reason): "webhook key, line \(line): \(reason)"
    }
  }
}
