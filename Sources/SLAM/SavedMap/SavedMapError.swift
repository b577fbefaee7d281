/// Why a map could not be read, or not be used.
public enum SavedMapError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The content does not begin as a map does.
  case noMap
  /// Written by a later version of this program.
  case unknownVersion(UInt32)
  /// The content ends within a part, or goes on after the last. Bytes count from the beginning of the file.
  case wrongLength(of: String, at: Int)
  /// The content was damaged on its way.
  case wrongChecksum
  /// A value that makes no sense.
  case wrongValue(of: String, at: Int)
  /// The camera of the pictures sees things more than so much larger or smaller than that of the map.
  case anotherCamera(focalLength: Double, ofMap: Double)
  /// The back end keeps no maps.
  case noMapsHere

  public var description: String {
    switch self {
    case .noMap: "no map of this program"
    case .unknownVersion(let version): "a map of version \(version); this program reads version \(SavedMap.version)"
    case .wrongLength(let part, let byte): "the \(part) ends too early or too late, at byte \(byte)"
    case .wrongChecksum: "damaged: the checksum is wrong"
    case .wrongValue(let part, let byte): "the \(part) has a value that makes no sense, at byte \(byte)"
    case .anotherCamera(let focalLength, let ofMap):
      "a map of a camera with a focal length of \(Int(ofMap)) pixels, which the present one with "
        + "\(Int(focalLength)) does not recognise"
    case .noMapsHere: "this kind of SLAM cannot use a saved map"
    }
  }
}
