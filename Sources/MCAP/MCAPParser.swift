public import NIOCore

/// Reads a file from its beginning to its end, in whatever pieces it comes.
public struct MCAPParser: Sendable {
  private enum State: Sendable, Equatable {
    /// The opening magic is still to come. Goes to `records`.
    case start
    /// Goes to `closing` behind the footer.
    case records
    /// The closing magic is still to come. Goes to `ended`.
    case closing
    case ended
  }

  private let limits: MCAPLimits
  private var state = State.start
  /// How many bytes of the file were taken in: the end of the last record.
  public private(set) var offset: UInt64 = 0

  public init(limits: MCAPLimits = MCAPLimits()) { self.limits = limits }

  /// Whether the closing magic was seen: the file is whole.
  public var isEnded: Bool { state == .ended }

  /// Takes the next record out of the buffer; `nil` when more bytes are needed, and behind the end of the file.
  ///
  /// - Throws: what makes the rest of the file unreadable. The buffer is then left at the record that it is about.
  public mutating func next(_ buffer: inout ByteBuffer) throws(MCAPError) -> MCAPRecord? {
    switch state {
    case .start:
      guard try readMagic(&buffer) else { return nil }
      state = .records
      return try next(&buffer)
    case .records:
      let start = buffer
      do {
        guard let record = try MCAPRecord.read(from: &buffer, limits: limits) else { return nil }
        offset += UInt64(start.readableBytes - buffer.readableBytes)
        if case .footer = record { state = .closing }
        return record
      } catch {
        buffer = start
        throw error
      }
    case .closing:
      if try readMagic(&buffer) { state = .ended }
      return nil
    case .ended: return nil
    }
  }

  /// Behind the last record: takes in the closing magic where it is there already.
  ///
  /// - Returns: whether the file is whole.
  public mutating func finish(_ buffer: inout ByteBuffer) throws(MCAPError) -> Bool {
    if state == .closing, try readMagic(&buffer) { state = .ended }
    return state == .ended
  }

  private mutating func readMagic(_ buffer: inout ByteBuffer) throws(MCAPError) -> Bool {
    let known = min(buffer.readableBytes, MCAPFormat.magic.count)
    guard buffer.readableBytesView.prefix(known).elementsEqual(MCAPFormat.magic.prefix(known)) else {
      throw .wrongMagic
    }
    guard known == MCAPFormat.magic.count else { return false }
    buffer.moveReaderIndex(forwardBy: known)
    offset += UInt64(known)
    return true
  }
}
