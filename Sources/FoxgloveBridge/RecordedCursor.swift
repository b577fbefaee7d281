internal import MCAP

/// Goes through the messages of a recording by time. Every call may block on the disk.
///
/// Chunks overlap in time, since results come later than their frames: one more is read before a message that it could come
/// in front of is handed out.
package struct RecordedCursor {
  /// How far back the last key frame and the last message of other topics are looked for.
  private static let lookBack: UInt64 = 12_000_000_000

  private let file: RecordedFile
  private var nextChunk = 0
  /// By time, from `first` on.
  private var waiting: [FoxgloveMessage] = []
  private var first = 0

  package init(_ file: RecordedFile) { self.file = file }

  /// Chunks that could not be read, and were left out.
  package private(set) var damagedChunks = 0

  /// When the next message was logged, nanoseconds since 1970; `nil` at the end.
  package var nextTime: UInt64? {
    mutating get {
      fill()
      return first < waiting.count ? waiting[first].logTime : nil
    }
  }

  /// The next message.
  package mutating func next() -> FoxgloveMessage? {
    fill()
    guard first < waiting.count else { return nil }
    defer { first += 1 }
    return waiting[first]
  }

  /// Goes to a moment.
  /// - Returns: what a viewer needs to show that moment: video from the last key frame on, and the last message of every other
  ///   channel, by time.
  package mutating func seek(to time: UInt64) -> [FoxgloveMessage] {
    let from = time > Self.lookBack ? time - Self.lookBack : 0
    (waiting, first) = ([], 0)
    nextChunk = file.chunks.firstIndex { $0.messageEndTime >= from } ?? file.chunks.count
    var video: [FoxgloveMessage] = []
    var last: [UInt32: FoxgloveMessage] = [:]
    while let next = nextTime, next <= time, let message = self.next() {
      guard message.logTime >= from else { continue }
      if message.isVideo {
        if message.isKeyFrame { video = [] }
        if message.isKeyFrame || !video.isEmpty { video.append(message) }
      } else {
        last[message.channelID] = message
      }
    }
    return (video + last.values.sorted { $0.channelID < $1.channelID }).enumerated().sorted {
      ($0.element.logTime, $0.offset) < ($1.element.logTime, $1.offset)
    }.map(\.element)
  }

  /// Reads chunks until none that is left could hold an earlier message.
  private mutating func fill() {
    while nextChunk < file.chunks.count {
      let chunk = file.chunks[nextChunk]
      if first < waiting.count, chunk.messageStartTime > waiting[first].logTime { return }
      nextChunk += 1
      do throws(RecordedFileError) {
        merge(try file.messages(of: chunk))
      } catch {
        damagedChunks += 1
      }
    }
  }

  private mutating func merge(_ messages: [FoxgloveMessage]) {
    var rest = waiting[first...]
    first = 0
    guard let newest = rest.last, let oldest = messages.first, newest.logTime > oldest.logTime else {
      waiting = Array(rest) + messages
      return
    }
    var merged: [FoxgloveMessage] = []
    merged.reserveCapacity(rest.count + messages.count)
    for message in messages {
      while let head = rest.first, head.logTime <= message.logTime { merged.append(rest.removeFirst()) }
      merged.append(message)
    }
    waiting = merged + rest
  }
}
