public import MediaModel

/// How sessions are written as MCAP.
public struct SessionLogOptions: Hashable, Sendable {
  /// How chunks are compressed; a closed set.
  public enum Compression: String, Hashable, Sendable, CaseIterable {
    case none
    case lz4
    case zstd
  }

  public var compression = Compression.zstd
  /// A chunk is written so long after its first message: what a crash of the process can lose.
  public var chunkInterval = Nanoseconds.seconds(1)
  public var chunkBytes = 1 << 20
  /// The file is synced to the disk (`fdatasync`) this often: a power cut can lose so much more than a crash.
  public var syncInterval = Nanoseconds.milliseconds(900)
  /// Nothing is written while less space than this is free.
  public var minimumFreeBytes = 256 << 20
  /// What may wait for the disk: 4,096 messages are 15 s of video at 30 frames and motion at 200 readings a second.
  public var queuedMessages = 4_096
  public var queuedBytes = 64 << 20
  /// Whether whoever brings a unit waits where it would be left out: for a file, which does not run away.
  public var isWaitedFor = false

  public init() {}
}
