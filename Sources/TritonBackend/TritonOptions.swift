/// Which server runs the models, and how long it may take.
public struct TritonOptions: Hashable, Sendable {
  /// A name or address.
  public var host: String
  public var port: Int
  /// How long a run may take from its call to its end, with every new try when the server went away meanwhile.
  public var deadline: Duration
  /// The wait before the first new try; each later one doubles it, up to ``longestWait``.
  public var firstWait = Duration.milliseconds(100)
  public var longestWait = Duration.seconds(2)
  /// No answer may be larger.
  public var largestAnswer = 256 << 20

  public init(host: String, port: Int = 8001, deadline: Duration = .seconds(10)) {
    self.host = host
    self.port = port
    self.deadline = deadline
  }

  /// `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; `nil` for anything else.
  public init?(_ text: String, deadline: Duration = .seconds(10)) {
    var host = text[...]
    var port = 8001
    if let colon = text.lastIndex(of: ":"), text[colon...].dropFirst().allSatisfy(\.isNumber) {
      guard let number = Int(text[colon...].dropFirst()), (1...65_535).contains(number) else { return nil }
      (host, port) = (text[..<colon], number)
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
    self.init(host: String(host), port: port, deadline: deadline)
  }

  /// What a model is called on the server, where names of models are names of folders: `edgetam/encode_image` is
  /// `edgetam.encode_image`, as `worldsystem models prepare --triton` writes it.
  package static func serverName(of model: String) -> String {
    String(model.map { $0 == "/" ? "." : $0 })
  }
}
