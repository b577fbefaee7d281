internal import NIOCore

/// What waits for one client that takes bytes more slowly than they come. A value.
///
/// When it is full, video is left out up to the next key frame, which replaces what video waits; of any other topic the oldest
/// message gives way to the newest.
package struct FoxgloveQueue: Sendable {
  package struct Limits: Sendable {
    /// 1,024 messages are some three seconds of video, motion and results.
    package var messages = 1_024
    package var bytes = 16 << 20

    package init(messages: Int = 1_024, bytes: Int = 16 << 20) {
      self.messages = messages
      self.bytes = bytes
    }
  }

  private let limits: Limits
  private var messages: [FoxgloveMessage] = []
  private var first = 0
  private var bytes = 0
  /// Video was left out: so is all up to the next key frame.
  private var isCuttingVideo = false

  package init(_ limits: Limits = Limits()) { self.limits = limits }

  package var count: Int { messages.count - first }

  /// Has a message wait.
  /// - Returns: how many messages were left out for want of space, this one included.
  package mutating func offer(_ message: FoxgloveMessage) -> Int {
    if message.isVideo, isCuttingVideo, !message.isKeyFrame { return 1 }
    if hasRoom(for: message) { return append(message, dropped: 0) }
    if message.isVideo {
      guard message.isKeyFrame else {
        isCuttingVideo = true
        return 1
      }
      let dropped = remove { $0.isVideo }
      return hasRoom(for: message) ? append(message, dropped: dropped) : cut(dropped + 1)
    }
    var isFirst = true
    let dropped = remove {
      guard isFirst, $0.channelID == message.channelID else { return false }
      isFirst = false
      return true
    }
    return hasRoom(for: message) ? append(message, dropped: dropped) : dropped + 1
  }

  /// The next message.
  package mutating func next() -> FoxgloveMessage? {
    guard first < messages.count else { return nil }
    let message = messages[first]
    first += 1
    bytes -= message.data.readableBytes
    if first == messages.count || first >= 256 {
      messages.removeFirst(first)
      first = 0
    }
    return message
  }

  /// Takes out what waits of a topic that is not wanted any more.
  package mutating func forget(_ channelID: UInt32) { _ = remove { $0.channelID == channelID } }

  /// Takes out everything: what follows is of another time.
  package mutating func clear() {
    (messages, first, bytes, isCuttingVideo) = ([], 0, 0, false)
  }

  private func hasRoom(for message: FoxgloveMessage) -> Bool {
    count < limits.messages && (bytes + message.data.readableBytes <= limits.bytes || count == 0)
  }

  private mutating func append(_ message: FoxgloveMessage, dropped: Int) -> Int {
    if message.isVideo { isCuttingVideo = false }
    messages.append(message)
    bytes += message.data.readableBytes
    return dropped
  }

  private mutating func cut(_ dropped: Int) -> Int {
    isCuttingVideo = true
    return dropped
  }

  private mutating func remove(where isOut: (FoxgloveMessage) -> Bool) -> Int {
    var kept: [FoxgloveMessage] = []
    kept.reserveCapacity(count)
    let before = count
    for message in messages[first...] {
      if isOut(message) { bytes -= message.data.readableBytes } else { kept.append(message) }
    }
    (messages, first) = (kept, 0)
    return before - kept.count
  }
}
