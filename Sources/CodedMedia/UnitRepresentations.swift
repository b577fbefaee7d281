public import NIOCore
import Synchronization

/// The wire forms of one access unit, each made at most once and then shared.
public final class UnitRepresentations: Sendable {
  /// A wire form.
  public enum Kind: Int, Sendable, CaseIterable {
    /// A WebSocket message with the Annex B bytes.
    case annexBMessage
    /// A WebSocket message with the 21-byte packet header and the Annex B bytes.
    case packetMessage
    /// A WebSocket message with one movie fragment.
    case fragmentMessage
  }

  // Outside of the lock: every reader of every loop asks for it.
  private let annexBMessage: ByteBuffer?
  private let made = Mutex([ByteBuffer?](repeating: nil, count: Kind.allCases.count))

  /// - Parameter annexBMessage: that form, if the unit was stored with it.
  public init(annexBMessage: ByteBuffer? = nil) { self.annexBMessage = annexBMessage }

  /// The form `kind`, made by `make` if nobody asked for it before.
  ///
  /// `make` runs under a lock of this unit alone, so that two event loops do not both make it.
  public func representation<Failure: Error>(
    _ kind: Kind, make: () throws(Failure) -> ByteBuffer
  ) throws(Failure) -> ByteBuffer {
    if kind == .annexBMessage, let annexBMessage { return annexBMessage }
    return try made.withLock { made throws(Failure) in
      if let present = made[kind.rawValue] { return present }
      let fresh = try make()
      made[kind.rawValue] = fresh
      return fresh
    }
  }
}
