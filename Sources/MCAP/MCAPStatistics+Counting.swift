extension MCAPStatistics {
  /// Counts messages of a chunk, or one that stands for itself.
  mutating func count(messages: UInt64, from start: UInt64, through end: UInt64) {
    guard messages > 0 else { return }
    messageStartTime = messageCount == 0 ? start : min(messageStartTime, start)
    messageEndTime = messageCount == 0 ? end : max(messageEndTime, end)
    messageCount += messages
  }
}
