import CodedMedia
import NIOCore

/// Walks over the NAL units of one payload and cuts it into the runs of bytes that belong to one picture.
struct PayloadCursor: Sendable {
  /// One NAL unit of the payload.
  struct Unit: Sendable {
    var header: NALUnitHeader
    /// Without start code.
    var bytes: ByteBuffer
    /// Where the start code begins in the payload.
    var startCodeOffset: Int
    /// Where the unit begins and ends in the payload.
    var offset: Int
    var end: Int
    /// The start code and the unit.
    var bytesWithStartCode: ByteBuffer
  }

  let payload: ByteBuffer
  let nalUnits: [CodedPicture.NALRange]
  var senderMicros: Int64 = 0
  /// Whether a slice of the picture that is being put together came in this payload.
  var hasSliceOfOpenPicture = false
  private var runStart = 0
  private var runUnits: [CodedPicture.NALRange] = []

  /// - Returns: `nil` when the payload does not begin with a start code or has no NAL unit.
  init?(_ payload: ByteBuffer, limit: Int) {
    var zeros = 0
    for byte in payload.readableBytesView {
      if byte == 0 {
        zeros += 1
        continue
      }
      guard byte == 1, zeros >= 2 else { return nil }
      break
    }
    nalUnits = AnnexB.nalUnitRanges(in: payload, limit: limit)
    guard !nalUnits.isEmpty else { return nil }
    self.payload = payload
  }

  var hasOpenUnits: Bool { !runUnits.isEmpty }

  func unit(_ range: CodedPicture.NALRange) -> Unit? {
    let base = payload.readerIndex
    let code = range.offset - 3
    let hasZeroByte = code > 0 && (payload.getInteger(at: base + code - 1) as UInt8?) == 0
    let start = hasZeroByte ? code - 1 : code
    guard let header: UInt8 = payload.getInteger(at: base + range.offset),
      let bytes = payload.getSlice(at: base + range.offset, length: range.length),
      let whole = payload.getSlice(at: base + start, length: range.offset + range.length - start)
    else { return nil }
    return Unit(
      header: NALUnitHeader(byte: header), bytes: bytes, startCodeOffset: start, offset: range.offset,
      end: range.offset + range.length, bytesWithStartCode: whole)
  }

  /// Adds a unit to the run.
  mutating func open(_ unit: Unit) {
    runUnits.append(CodedPicture.NALRange(offset: unit.offset, length: unit.bytes.readableBytes))
  }

  /// Ends the run at `end` and begins the next there.
  /// - Returns: `nil` when the run has no NAL unit.
  mutating func close(at end: Int) -> PictureAssembly.Chunk? {
    defer { skip(to: end) }
    guard !runUnits.isEmpty else { return nil }
    let base = payload.readerIndex + runStart
    guard let bytes = payload.getSlice(at: base, length: end - runStart) else { return nil }
    let start = runStart
    let units = runUnits.map { CodedPicture.NALRange(offset: $0.offset - start, length: $0.length) }
    return PictureAssembly.Chunk(bytes: bytes, nalUnits: units)
  }

  /// Leaves out everything up to `end`.
  mutating func skip(to end: Int) {
    runStart = end
    runUnits = []
  }
}
