public import BusMessages

/// A message on its way to the disk or back.
public struct SpoolEntry: Hashable, Sendable {
  public var message: BusMessage
  /// Names the message for ever, so that receivers can leave out repetitions.
  public var id: String
  /// It may have reached the broker before: it was sent and not confirmed, or handed out for sending.
  public var mayHaveBeenSent: Bool

  public init(message: BusMessage, id: String, mayHaveBeenSent: Bool = false) {
    self.message = message
    self.id = id
    self.mayHaveBeenSent = mayHaveBeenSent
  }
}

/// The place of a message in the order of appending. Only a spool makes them.
public struct SpoolPosition: Comparable, Hashable, Sendable {
  let sequence: UInt64

  public static func < (left: SpoolPosition, right: SpoolPosition) -> Bool { left.sequence < right.sequence }
}

/// What became of messages that were appended.
public enum SpoolOutcome: Hashable, Sendable {
  /// All are kept, and nothing gave way to them.
  case kept
  /// Not everything had room. `kept` of the new messages are in the spool; `dropped` messages are lost: new ones, and
  /// older ones that gave way. `error` says why new ones were refused; it is `nil` when only older ones went.
  case partly(kept: Int, dropped: Int, error: SpoolError?)
}

/// How large a spool may become.
public struct SpoolOptions: Hashable, Sendable {
  /// On the disk, all files together.
  public var bytes: Int
  /// Size at which the next file is begun; room is made by whole files. At most an eighth of `bytes` is used.
  public var segmentBytes: Int
  /// What must stay free on the disk.
  public var minFreeBytes: Int

  /// 512 MiB hold two hours of a phone's IMU at 200 Hz, or 14 minutes of video at 5 Mb/s.
  public init(bytes: Int = 512 << 20, segmentBytes: Int = 8 << 20, minFreeBytes: Int = 64 << 20) {
    self.bytes = bytes
    self.segmentBytes = segmentBytes
    self.minFreeBytes = minFreeBytes
  }

  var effectiveSegmentBytes: Int { max(4_096, min(segmentBytes, bytes / 8)) }
}
