import CodedMedia

/// Where a stream puts its units: a reader of its own, or all readers of one event loop.
///
/// Both calls come from the publisher's thread and must not wait.
protocol ReaderPort: AnyObject, Sendable {
  func deliver(_ unit: AccessUnit)
  func end(_ reason: ReaderEnd)
}

/// What a reader is given when it joins, taken together with its registration, so that no unit falls in between.
struct JoinSnapshot: Sendable {
  /// Units since the last key frame.
  var group: [AccessUnit]
  /// Number of the newest unit of the stream, 0 before the first.
  var latestSequence: UInt64
  /// Set when the stream takes no readers any more.
  var end: ReaderEnd?
}
