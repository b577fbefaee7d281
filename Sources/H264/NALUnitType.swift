/// The type of a NAL unit, the low five bits of its first byte (ISO/IEC 14496-10 table 7-1).
public struct NALUnitType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public var rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The type in the first byte of a NAL unit.
  public init(header: UInt8) { rawValue = header & 0x1f }

  public static let slice = NALUnitType(rawValue: 1)
  public static let partitionA = NALUnitType(rawValue: 2)
  public static let partitionB = NALUnitType(rawValue: 3)
  public static let partitionC = NALUnitType(rawValue: 4)
  public static let idrSlice = NALUnitType(rawValue: 5)
  public static let sei = NALUnitType(rawValue: 6)
  public static let sps = NALUnitType(rawValue: 7)
  public static let pps = NALUnitType(rawValue: 8)
  public static let accessUnitDelimiter = NALUnitType(rawValue: 9)
  public static let endOfSequence = NALUnitType(rawValue: 10)
  public static let endOfStream = NALUnitType(rawValue: 11)
  public static let fillerData = NALUnitType(rawValue: 12)

  /// Whether the unit starts with a slice header of the primary coded picture.
  public var hasSliceHeader: Bool { self == .slice || self == .idrSlice || self == .partitionA }

  /// Whether the unit carries coded slice data of the primary coded picture (types 1 to 5).
  public var isVideoCodingLayer: Bool { (1...5).contains(rawValue) }

  /// Whether such a unit, when it follows a slice, begins the next access unit (ISO/IEC 14496-10 §7.4.1.2.3).
  public var beginsAccessUnitAfterSlice: Bool {
    switch rawValue {
    case 6...9, 14...18: true
    default: false
    }
  }

  public var description: String {
    switch self {
    case .slice: "slice"
    case .partitionA: "partition A"
    case .partitionB: "partition B"
    case .partitionC: "partition C"
    case .idrSlice: "IDR slice"
    case .sei: "SEI"
    case .sps: "SPS"
    case .pps: "PPS"
    case .accessUnitDelimiter: "AUD"
    case .endOfSequence: "end of sequence"
    case .endOfStream: "end of stream"
    case .fillerData: "filler"
    default: "NAL \(rawValue)"
    }
  }
}

/// The first byte of a NAL unit (ISO/IEC 14496-10 §7.3.1).
public struct NALUnitHeader: Hashable, Sendable {
  /// Set in units that a network element found damaged; zero in every sound unit.
  public var forbiddenZeroBit: Bool
  /// 0…3; zero: no other picture refers to this one.
  public var referenceIDC: UInt8
  public var type: NALUnitType

  public init(byte: UInt8) {
    forbiddenZeroBit = byte & 0x80 != 0
    referenceIDC = (byte >> 5) & 3
    type = NALUnitType(header: byte)
  }
}
