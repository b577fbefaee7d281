/// Bounds on what a peer can make us hold, checked before anything is buffered.
public struct RTSPLimits: Hashable, Sendable {
  /// Bytes of a request line or status line with all headers. Real clients stay under 2 kB.
  public var headBytes = 16_384
  /// Header fields of one message.
  public var headerCount = 64
  /// Bytes of a body. Session descriptions are under 4 kB.
  public var bodyBytes = 65_536
  /// Bytes of one interleaved frame; the 16-bit length cannot say more.
  public var interleavedBytes = 65_535
  /// Lines of a session description.
  public var descriptionLines = 256
  /// Media of a session description.
  public var descriptionMedia = 8
  /// Refused credentials on one connection, after which it is closed.
  public var refusedCredentials = 5

  /// The defaults.
  public init() {}
}
