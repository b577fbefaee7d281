import CodedMedia
import Relay
import VideoConsumer

/// A live feed that asks before each unit, and never ends.
struct PacedFeed: UnitFeed {
  let place = "paced"
  let isLive = true
  private let units: [AccessUnit]
  private let before: @Sendable (Int) async -> Void

  init(_ units: [AccessUnit], before: @escaping @Sendable (Int) async -> Void) {
    self.units = units
    self.before = before
  }

  func run(_ deliver: @Sendable (FeedEvent) async -> Void) async throws {
    for (index, unit) in units.enumerated() {
      await before(index)
      await deliver(.delivery(Delivery(unit: unit)))
    }
    for await _ in AsyncStream<Void>(unfolding: { await PacedFeed.never() }) {}
    throw CancellationError()
  }

  private static func never() async -> Void? {
    for await _ in AsyncStream<Void>(Void.self, { _ in }) {}
    return nil
  }
}
