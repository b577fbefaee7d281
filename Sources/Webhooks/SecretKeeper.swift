import Synchronization

/// The keys as they were last read. Reading them anew for each request lets them be exchanged without a restart.
final class SecretKeeper: Sendable {
  private let read: @Sendable () throws -> WebhookSecret
  private let last: Mutex<WebhookSecret>

  init(_ read: @escaping @Sendable () throws -> WebhookSecret) throws {
    self.read = read
    last = Mutex(try read())
  }

  /// The keys now, or those of before with the reason why they cannot be read.
  func current() -> (secret: WebhookSecret, problem: String?) {
    do {
      let fresh = try read()
      last.withLock { $0 = fresh }
      return (fresh, nil)
    } catch {
      return (last.withLock { $0 }, "\(error)")
    }
  }
}
