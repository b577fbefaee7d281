public import CodedMedia

/// Where a publisher's pictures go: over a WebSocket to a server, or into a relay of the same process.
public protocol AccessUnitSink: Sendable {
  /// Takes the next picture, in decoding order; `senderMicros` is its capture time.
  ///
  /// Returns when the next one may come: a sink whose other side is slow makes its publisher wait.
  /// - Throws: when no picture will be taken any more.
  func send(_ picture: CodedPicture) async throws
}

/// A sink that hands pictures to a closure, such as one that publishes them on a relay's lease.
public struct ClosureSink: AccessUnitSink {
  private let body: @Sendable (CodedPicture) throws -> Void

  public init(_ body: @escaping @Sendable (CodedPicture) throws -> Void) { self.body = body }

  public func send(_ picture: CodedPicture) async throws { try body(picture) }
}
