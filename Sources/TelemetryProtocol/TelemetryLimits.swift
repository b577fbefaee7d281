public import MediaModel

/// Bounds of what one phone or viewer can make the server read and keep.
public struct TelemetryLimits: Hashable, Sendable {
  /// Bytes of a text message that is no upload.
  public var textBytes = 64 << 10
  /// Bytes of a text message that carries a file or a part of one.
  public var uploadMessageBytes = 16 << 20
  /// Objects and arrays inside one another.
  public var depth = 32
  /// Members of an object.
  public var members = 512
  /// Bytes of one JPEG.
  public var jpegBytes = 8 << 20
  /// Pixels of one JPEG.
  public var jpegPixels = 64 << 20
  public var reorder = ReorderLimits()
  public var uploads = UploadLimits()

  public init() {}
}

/// Bounds of putting samples back into order.
public struct ReorderLimits: Hashable, Sendable {
  /// No sample is held for longer.
  public var window = Nanoseconds.milliseconds(50)
  /// Samples held at a time; 1,024 are 50 ms at 20 kHz.
  public var held = 1_024
  /// Timestamps remembered to know repetitions by; 1,024 are 5 s at 200 Hz.
  public var remembered = 1_024
  /// Samples that are further behind than this are not late: the device's clock was set back.
  public var clockJump = Nanoseconds.seconds(1)
  /// So many of them, one after the other, before the clock is believed to be another one.
  public var clockJumpRun = 3

  public init() {}
}

/// Bounds of uploads.
public struct UploadLimits: Hashable, Sendable {
  /// Bytes of one file.
  public var fileBytes = 64 << 20
  /// Files that one phone may have under way.
  public var open = 4
  /// Parts that came too early, of one file.
  public var heldChunks = 64
  /// Their bytes.
  public var heldBytes = 4 << 20
  /// Silence after which a file is given up.
  public var timeout = Nanoseconds.seconds(60)

  public init() {}
}
