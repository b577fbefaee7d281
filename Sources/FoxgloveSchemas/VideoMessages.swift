public import CodedMedia
import H264
import MediaModel
import NIOCore

/// Makes messages of the access units of one stream, by the rules that Foxglove and Rerun have for H.264.
///
/// - The first message is a key frame, and every key frame carries its parameter sets.
/// - No message is shown before one in front of it: pictures that are, and that no other needs, are left out. A stream
///   whose reordered pictures are needed by others keeps them, since it could not be decoded without.
public struct VideoMessages: Sendable {
  /// How many access units were left out.
  public private(set) var leftOut = 0
  private let frameID: String
  private var lastShown: WallTime?

  /// - Parameter frameID: of the camera.
  public init(frameID: String) { self.frameID = frameID }

  /// The message of the next access unit in decoding order; `nil`: it is left out. Shares the unit's bytes.
  public mutating func message(of unit: AccessUnit) -> Foxglove.CompressedVideo? {
    if let lastShown {
      if unit.capturedAt < lastShown, !isReference(unit) {
        leftOut += 1
        return nil
      }
    } else if !unit.isKeyFrame {
      leftOut += 1
      return nil
    }
    lastShown = max(unit.capturedAt, lastShown ?? unit.capturedAt)
    let needsSets = unit.isKeyFrame && !unit.picture.carriesParameterSets
    return Foxglove.CompressedVideo(
      timestamp: unit.capturedAt, frameID: frameID,
      data: needsSets ? [unit.parameterSets.annexB, withoutDelimiter(unit)] : [unit.bytes])
  }

  /// An access unit delimiter would have to stand in front of the parameter sets.
  private func withoutDelimiter(_ unit: AccessUnit) -> ByteBuffer {
    let bytes = unit.bytes
    guard unit.picture.nalUnits.count > 1, let first = unit.picture.nalUnits.first,
      let header: UInt8 = bytes.getInteger(at: bytes.readerIndex + first.offset),
      NALUnitHeader(byte: header).type == .accessUnitDelimiter
    else { return bytes }
    // From the three bytes of the second unit's start code on.
    let start = bytes.readerIndex + unit.picture.nalUnits[1].offset - 3
    return bytes.getSlice(at: start, length: bytes.writerIndex - start) ?? bytes
  }

  /// Units are missing in front of the next one: it has to be a key frame.
  public mutating func restart() { lastShown = nil }

  /// `nal_ref_idc` of the slices, ISO/IEC 14496-10 §7.4.1.
  private func isReference(_ unit: AccessUnit) -> Bool {
    unit.picture.nalUnits.contains { range in
      guard let byte = unit.bytes.getInteger(at: unit.bytes.readerIndex + range.offset, as: UInt8.self) else {
        return false
      }
      let header = NALUnitHeader(byte: byte)
      return header.type.isVideoCodingLayer && header.referenceIDC != 0
    }
  }
}
