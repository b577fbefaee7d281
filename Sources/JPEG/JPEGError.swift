import CTurboJPEG
import MediaModel

/// What goes wrong with JPEG images.
public enum JPEGError: Error, Equatable, Sendable, CustomStringConvertible {
  /// libjpeg-turbo could not code the picture.
  case encoding(Resolution, reason: String)
  /// The bytes are not a JPEG image, or a broken one.
  case decoding(reason: String)
  /// The image has more pixels than the caller accepts.
  case tooLarge(Resolution, limitPixels: Int)
  /// The image is not YCbCr or grey.
  case unsupportedColours
  /// The library could not allocate memory.
  case outOfMemory

  public var description: String {
    switch self {
    case .encoding(let size, let reason): "encoding a \(size) JPEG image failed: \(reason)"
    case .decoding(let reason): "decoding a JPEG image failed: \(reason)"
    case .tooLarge(let size, let limit): "a JPEG image of \(size) has more than \(limit) pixels"
    case .unsupportedColours: "the JPEG image is neither YCbCr nor grey"
    case .outOfMemory: "libjpeg-turbo could not allocate memory"
    }
  }
}

/// A compressor or decompressor of the TurboJPEG API.
struct TurboJPEGHandle: ~Copyable {
  let pointer: tjhandle

  init(_ handle: tjhandle?) throws(JPEGError) {
    guard let handle else { throw .outOfMemory }
    pointer = handle
  }

  deinit { tjDestroy(pointer) }

  var lastError: String { String(cString: tjGetErrorStr2(pointer)) }
}
