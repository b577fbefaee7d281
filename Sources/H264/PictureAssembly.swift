import CodedMedia
import NIOCore

/// The parts of one picture that have come so far.
struct PictureAssembly: Sendable {
  /// A run of bytes of one packet, with the NAL units in it relative to its first byte.
  struct Chunk: Sendable {
    var bytes: ByteBuffer
    var nalUnits: [CodedPicture.NALRange]
  }

  private(set) var chunks: [Chunk] = []
  private(set) var byteCount = 0
  private(set) var nalUnitCount = 0
  private(set) var extent = SliceCountPredictor.Extent()
  private(set) var lastSlice: SliceHeader?
  private(set) var hasFirstMacroblock = false
  private(set) var sets: ParameterSets?
  /// Time of the packet that brought the first slice.
  private(set) var senderMicros: Int64 = 0
  private var isIntra = true
  private var isIDR = false
  var recoversAtOnce = false
  var beginsWithDelimiter = false
  var ownSPS: Set<Int> = []
  var ownPPS: Set<Int> = []
  /// Whether slices of this picture were handed on already.
  private(set) var isContinuation = false
  /// Whether the limits were exceeded: the rest of the picture is left out too.
  private(set) var isOverLimit = false

  var hasSlices: Bool { lastSlice != nil }
  var isKeyFrame: Bool { isIDR || (recoversAtOnce && isIntra) }

  init() {}

  mutating func append(_ chunk: Chunk) {
    byteCount += chunk.bytes.readableBytes
    nalUnitCount += chunk.nalUnits.count
    if !isOverLimit { chunks.append(chunk) }
  }

  /// Gives the collected bytes up; the slices that follow are left out as well.
  mutating func abandon() {
    chunks = []
    isOverLimit = true
  }

  mutating func addSlice(_ slice: SliceHeader, sets: ParameterSets, senderMicros: Int64, beginsPacket: Bool) {
    if lastSlice == nil {
      self.sets = sets
      self.senderMicros = senderMicros
      isIDR = slice.isIDR
    }
    lastSlice = slice
    hasFirstMacroblock = hasFirstMacroblock || slice.firstMacroblock == 0
    isIntra = isIntra && slice.kind.isIntra
    extent.slices += 1
    if beginsPacket { extent.packets += 1 }
  }

  /// Counts on from a picture that was handed on too early.
  mutating func `continue`(_ earlier: HandedOn) {
    isContinuation = true
    extent = earlier.extent
    hasFirstMacroblock = earlier.hasFirstMacroblock
    recoversAtOnce = earlier.isKeyFrame
  }

  /// The picture, with `prefix` put in front of its bytes, or behind its access unit delimiter.
  ///
  /// Shares the bytes of the packet where the picture is one run of it; copies otherwise.
  func picture(prefix: [Chunk]) -> CodedPicture? {
    guard let sets, let first = chunks.first else { return nil }
    var parts = chunks
    if !prefix.isEmpty {
      if beginsWithDelimiter, let delimiter = first.nalUnits.first {
        let end = delimiter.offset + delimiter.length
        parts.replaceSubrange(
          0..<1, with: [first.part(0..<end)] + prefix + [first.part(end..<first.bytes.readableBytes)])
      } else {
        parts.insert(contentsOf: prefix, at: 0)
      }
    }
    let joined = parts.count == 1 ? parts[0] : Self.join(parts)
    return CodedPicture(
      bytes: joined.bytes, nalUnits: joined.nalUnits, senderMicros: senderMicros,
      isKeyFrame: isKeyFrame && !isContinuation, carriesParameterSets: joined.carriesParameterSets, parameterSets: sets)
  }

  private static func join(_ chunks: [Chunk]) -> Chunk {
    var bytes = ByteBuffer()
    bytes.reserveCapacity(chunks.reduce(0) { $0 + $1.bytes.readableBytes })
    var nalUnits: [CodedPicture.NALRange] = []
    nalUnits.reserveCapacity(chunks.reduce(0) { $0 + $1.nalUnits.count })
    for chunk in chunks {
      let base = bytes.writerIndex
      nalUnits += chunk.nalUnits.map { CodedPicture.NALRange(offset: base + $0.offset, length: $0.length) }
      bytes.writeImmutableBuffer(chunk.bytes)
    }
    return Chunk(bytes: bytes, nalUnits: nalUnits)
  }
}

extension PictureAssembly.Chunk {
  /// The bytes in `range`, with the NAL units that lie in it.
  func part(_ range: Range<Int>) -> PictureAssembly.Chunk {
    let slice = bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    let units = nalUnits.filter { range.contains($0.offset) }.map {
      CodedPicture.NALRange(offset: $0.offset - range.lowerBound, length: $0.length)
    }
    return PictureAssembly.Chunk(bytes: slice, nalUnits: units)
  }

  fileprivate var carriesParameterSets: Bool {
    var hasSPS = false
    var hasPPS = false
    for unit in nalUnits {
      guard let header: UInt8 = bytes.getInteger(at: bytes.readerIndex + unit.offset) else { continue }
      let type = NALUnitType(header: header)
      hasSPS = hasSPS || type == .sps
      hasPPS = hasPPS || type == .pps
    }
    return hasSPS && hasPPS
  }
}

/// What is remembered of the picture that was handed on last, to tell whether more of it comes.
struct HandedOn: Sendable {
  var lastSlice: SliceHeader
  var hasFirstMacroblock: Bool
  var senderMicros: Int64
  var extent: SliceCountPredictor.Extent
  var isKeyFrame: Bool
  /// Whether a prediction, rather than the next picture or the deadline, ended it.
  var isPredicted: Bool
}
