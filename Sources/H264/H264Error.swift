/// Why a NAL unit, or a record made of NAL units, cannot be read.
public enum H264Error: Error, Hashable, Sendable, CustomStringConvertible {
  /// The named syntax structure ends before its last element.
  case truncated(String)
  /// An Exp-Golomb code is longer than 32 bits (ISO/IEC 14496-10 §9.1).
  case exponentTooLarge
  /// The NAL unit has another type than the reader was made for.
  case unexpectedNALUnitType(UInt8, expected: UInt8)
  /// A syntax element has a value that the standard, or a level of it, does not allow.
  case outOfRange(element: String, value: Int)
  /// A slice or PPS refers to a parameter set that has not come.
  case unknownParameterSet(kind: NALUnitType, id: Int)
  /// A parameter set is larger than the limit.
  case parameterSetTooLarge(bytes: Int, limit: Int)
  /// An AVCDecoderConfigurationRecord has another version than 1.
  case unsupportedConfigurationVersion(UInt8)

  public var description: String {
    switch self {
    case .truncated(let structure): "\(structure) ends early"
    case .exponentTooLarge: "Exp-Golomb code longer than 32 bits"
    case .unexpectedNALUnitType(let type, let expected): "NAL unit type \(type) where \(expected) is expected"
    case .outOfRange(let element, let value): "\(element) has the forbidden value \(value)"
    case .unknownParameterSet(let kind, let id): "\(kind) \(id) has not come"
    case .parameterSetTooLarge(let bytes, let limit): "parameter set of \(bytes) bytes, limit \(limit)"
    case .unsupportedConfigurationVersion(let version): "configuration record version \(version), not 1"
    }
  }
}
