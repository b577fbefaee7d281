public import MediaModel

/// How to record.
public struct RecorderOptions: Hashable, Sendable {
  /// The folder of all sessions.
  public var folder: String
  /// A new file is begun at the first key frame after this.
  public var segmentDuration = Nanoseconds.seconds(60)
  /// Every so many frames, from the first on, one is kept as JPEG; `nil`: none.
  public var stillInterval: Int? = 30
  /// 1 to 100.
  public var stillQuality = 85
  /// Whether recording waits for its stills rather than leave some out: for a file, which does not run away.
  public var waitsForStills = false
  /// A session ends when no frame came for so long. Longer than the grace period of the relay, which holds a stream for
  /// a publisher that comes back.
  public var idleLimit = Nanoseconds.seconds(20)
  /// Finished sessions older than this are deleted; `nil`: none.
  public var keepFor: Nanoseconds?
  /// The oldest finished sessions are deleted when all sessions take more; `nil`: none.
  public var keepBytes: Int?
  /// Recording pauses while less space than this is free.
  public var minimumFreeBytes = 256 << 20

  /// A fragment is written once its pictures take so long: what a crash of the process can lose, together with the one
  /// picture whose duration is not known yet.
  public var fragmentDuration = Nanoseconds.milliseconds(400)
  /// Metadata are written, and the video is synced to the disk (`fdatasync`), this often: a power cut can lose so much
  /// more than a crash.
  public var syncInterval = Nanoseconds.milliseconds(900)

  public init(folder: String) { self.folder = folder }
}
