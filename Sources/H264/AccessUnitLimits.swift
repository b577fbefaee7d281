public import MediaModel

/// Bounds of what a publisher can make the assembler keep.
public struct AccessUnitLimits: Hashable, Sendable {
  /// Bytes of one access unit; also the largest payload. Clients are known to use a message limit of 10 MB.
  public var accessUnitBytes = 10_000_000
  /// NAL units of one payload or access unit: every macroblock row of an 8K picture, many times over.
  public var nalUnits = 8_192
  /// Bytes of one SPS or PPS.
  public var parameterSetBytes = 16_384
  /// For how long a picture whose end is unknown is held.
  public var hold = Nanoseconds.milliseconds(100)

  public init() {}
}

/// Why the assembler left a packet, or a part of it, out.
public enum AccessUnitReject: Error, Hashable, Sendable, CustomStringConvertible {
  /// The payload does not begin with `00 00 01` or `00 00 00 01`.
  case payloadWithoutStartCode(bytes: Int)
  /// A slice refers to parameter sets that have not come.
  case frameBeforeParameterSets
  case accessUnitTooLarge(bytes: Int, limit: Int)
  case tooManyNALUnits(limit: Int)
  /// A packet that is said to be a whole picture has no slice, or a parameter set packet has no parameter set.
  case noSlice
  case noParameterSet
  case invalidParameterSet(H264Error)
  case invalidSlice(H264Error)
  /// forbidden_zero_bit is set.
  case damagedNALUnit

  /// The reason as a label value: a closed set, without data of the stream.
  public var reason: String {
    switch self {
    case .payloadWithoutStartCode: "payload_without_start_code"
    case .frameBeforeParameterSets: "frame_before_parameter_sets"
    case .accessUnitTooLarge: "access_unit_too_large"
    case .tooManyNALUnits: "too_many_nal_units"
    case .noSlice: "no_slice"
    case .noParameterSet: "no_parameter_set"
    case .invalidParameterSet: "invalid_parameter_set"
    case .invalidSlice: "invalid_slice"
    case .damagedNALUnit: "damaged_nal_unit"
    }
  }

  /// Every value of ``reason``.
  public static let reasons = [
    "payload_without_start_code", "frame_before_parameter_sets", "access_unit_too_large", "too_many_nal_units",
    "no_slice", "no_parameter_set", "invalid_parameter_set", "invalid_slice", "damaged_nal_unit",
  ]

  public var description: String {
    switch self {
    case .payloadWithoutStartCode(let bytes): "payload of \(bytes) bytes does not begin with a start code"
    case .frameBeforeParameterSets: "slice before its SPS and PPS"
    case .accessUnitTooLarge(let bytes, let limit): "access unit of \(bytes) bytes or more, limit \(limit)"
    case .tooManyNALUnits(let limit): "more than \(limit) NAL units"
    case .noSlice: "no slice in a packet that should be a picture"
    case .noParameterSet: "neither SPS nor PPS in a parameter set packet"
    case .invalidParameterSet(let error): "parameter set: \(error)"
    case .invalidSlice(let error): "slice: \(error)"
    case .damagedNALUnit: "NAL unit with forbidden_zero_bit set"
    }
  }
}
