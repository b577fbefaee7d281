import BusMessages

/// A message on its way to the broker.
package struct Outgoing<Position: Comparable & Sendable>: Sendable {
  package var message: BusMessage
  package var id: Identity
  /// The broker may have it already.
  package var mayHaveBeenSent: Bool
  /// Where it lies in the spool; `nil`: only in memory.
  package var position: Position?
  /// How often the broker said no.
  package var rejections = 0

  /// What names a message.
  package enum Identity: Hashable, Sendable {
    /// Of this process: its number.
    case own(UInt64)
    /// Of an earlier process, or read from the spool.
    case named(String)
  }

  package init(message: BusMessage, id: Identity, mayHaveBeenSent: Bool = false, position: Position? = nil) {
    self.message = message
    self.id = id
    self.mayHaveBeenSent = mayHaveBeenSent
    self.position = position
  }

  /// Its number when it is only in memory, so that a crash of this process would lose it.
  package var volatileSequence: UInt64? {
    guard position == nil, case .own(let sequence) = id else { return nil }
    return sequence
  }
}
