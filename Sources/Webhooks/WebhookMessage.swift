public import NIOCore

/// An event as it is posted.
public struct WebhookMessage: Hashable, Sendable {
  /// Names the event for ever; receivers leave out what they have seen.
  public var id: String
  /// JSON.
  public var body: ByteBuffer

  public init(id: String, body: ByteBuffer) {
    self.id = id
    self.body = body
  }
}
