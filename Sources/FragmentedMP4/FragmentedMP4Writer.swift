public import CodedMedia
public import H264
public import MediaModel
public import NIOCore

/// Writes access units as fragmented MP4 (ISO/IEC 14496-12 §8.8, -15 §5; a CMAF track), without I/O.
///
/// - Presentation times are capture times, in microseconds since `origin`. Decoding times are made without looking
///   ahead; where pictures are reordered, an edit list moves the first one back to 0. (Negative composition offsets
///   would do without an edit list, but FFmpeg then shifts all times by the most negative one that it has seen.)
/// - The sample entry is `avc1`: parameter sets are in the initialization segment only. AUD, filler and parameter sets
///   are left out of the samples. When the sets change, a new writer is needed.
/// - A `prft` box in front of each fragment says at which wall-clock time its first sample was captured.
/// - A fragment is complete by itself: what was written before a crash plays.
public struct FragmentedMP4Writer: Sendable {
  /// Ticks per second of all times.
  public static let timescale: UInt32 = 1_000_000
  /// At least so many ticks of the media's timeline lie in front of the first picture for each picture that reordering
  /// may hold back: a thirtieth of a second, which is what ``AccessUnit/decodeAt`` begins with.
  private static let longestStart: Int64 = 33_334
  /// A fragment must stay below this, so that sizes fit into 32 bits.
  public static let maxFragmentBytes = 1 << 31

  /// Whether the result will be a file with an index, or a stream.
  public enum Purpose: Hashable, Sendable {
    /// Nothing is remembered of what was written; ``FragmentedMP4Writer/finish()`` yields no index.
    case stream
    /// Room is kept for an index, and one is made by ``FragmentedMP4Writer/finish()``.
    case file
  }

  /// One sample that waits for its fragment.
  private struct Sample: Sendable {
    var picture: CodedPicture
    var decode: Int64
    var presentation: Int64
    var bytes: Int
    /// The duration where the next sample is not known yet.
    var expectedDuration: Int64
  }

  /// `ftyp` and `moov` (and, of a file, room for an index): what a player needs first.
  public let initializationSegment: ByteBuffer
  /// The wall-clock time of presentation time 0.
  public let origin: WallTime
  /// Bytes of the samples that wait.
  public private(set) var pendingBytes = 0

  /// Where presentation begins on the media's own timeline, which decoding begins at 0.
  private let mediaStart: Int64
  private let nominalDuration: Int64
  private var timeline: DecodeTimeline
  private var pending: [Sample] = []
  private var sequence: UInt32 = 0
  private var lastDuration: Int64
  private var index: FragmentedMP4Index?
  private var bytesWritten: Int

  /// - Parameters:
  ///   - parameterSets: of all access units that will follow.
  ///   - origin: the capture time of the first access unit.
  /// - Throws: when the SPS cannot be read.
  public init(parameterSets: ParameterSets, origin: WallTime, purpose: Purpose) throws(H264Error) {
    let rate = try SequenceParameterSet.parse(parameterSets.sps).nominalFramesPerSecond ?? 30
    let duration = Int64(1e6 / min(max(rate, 1), 1_000))
    mediaStart = Int64(parameterSets.reorderDepth) * max(duration, Self.longestStart)
    var segment = try InitializationSegment.write(parameterSets, origin: origin, mediaStart: mediaStart)
    if purpose == .file {
      index = FragmentedMP4Index(initializationSegment: segment, mediaStart: mediaStart)
      segment.writeImmutableBuffer(FragmentedMP4Index.reservation)
    }
    initializationSegment = segment
    bytesWritten = segment.readableBytes
    self.origin = origin
    timeline = DecodeTimeline(reorderDepth: parameterSets.reorderDepth, pictureDuration: duration)
    nominalDuration = duration
    lastDuration = duration
  }

  /// How long the samples that wait take together, that of the last one not counted.
  public var pendingDuration: Nanoseconds {
    guard let first = pending.first, let last = pending.last else { return .zero }
    return Nanoseconds((last.decode - first.decode) * 1_000)
  }

  /// How long the fragments of a file play that were made so far; zero for a stream.
  public var writtenDuration: Nanoseconds { Nanoseconds((index?.duration ?? 0) * 1_000) }

  /// How many samples wait for their fragment.
  public var pendingCount: Int { pending.count }

  /// Adds the next access unit in decoding order to the fragment that is being made.
  public mutating func add(_ unit: AccessUnit) {
    let presentation = unit.capturedAt.since(origin).value / 1_000
    let decode = max(0, timeline.next(presentation: presentation) &+ mediaStart)
    if let last = pending.last { lastDuration = Self.duration(from: last.decode, to: decode) }
    let bytes = Self.sampleBytes(unit.picture)
    pending.append(
      Sample(
        picture: unit.picture, decode: decode, presentation: presentation, bytes: bytes,
        expectedDuration: lastDuration))
    pendingBytes += bytes
  }

  /// Ends the fragment.
  ///
  /// - Parameter keepsLast: whether the last sample waits for the next fragment, so that its duration will be exact; it is
  ///   an estimate otherwise, which the decoding time of the next fragment corrects.
  /// - Returns: `prft`, `moof` and `mdat`; `nil` when there is no sample for it.
  public mutating func fragment(keepsLast: Bool = false) -> ByteBuffer? {
    let count = keepsLast ? pending.count - 1 : pending.count
    guard count > 0 else { return nil }
    let samples = Array(pending[..<count])
    let next = count < pending.count ? pending[count].decode : nil
    pending.removeFirst(count)
    pendingBytes = pending.reduce(0) { $0 + $1.bytes }
    return write(samples, next: next)
  }

  /// One access unit as a fragment of its own.
  public mutating func fragment(of unit: AccessUnit) -> ByteBuffer {
    add(unit)
    return fragment() ?? ByteBuffer()
  }

  /// An access unit as a fragment of its own, by its own decoding time: without state, so that several threads may ask
  /// for any unit in any order. Not to be mixed with ``add(_:)``.
  public func standaloneFragment(of unit: AccessUnit) -> ByteBuffer {
    let sample = Sample(
      picture: unit.picture, decode: max(0, unit.decodeAt.since(origin).value / 1_000 &+ mediaStart),
      presentation: unit.capturedAt.since(origin).value / 1_000, bytes: Self.sampleBytes(unit.picture),
      expectedDuration: nominalDuration)
    return encode([sample], [nominalDuration], sequence: UInt32(truncatingIfNeeded: unit.sequence))
  }

  /// What is left to write so that players know the duration and can seek.
  ///
  /// - Returns: bytes for the end of the file (the last fragment among them), and bytes that replace earlier ones.
  public mutating func finish() -> FragmentedMP4Completion {
    var end = fragment() ?? ByteBuffer()
    guard let index else { return FragmentedMP4Completion(trailer: end, patches: []) }
    let completion = index.completion()
    end.writeImmutableBuffer(completion.trailer)
    return FragmentedMP4Completion(trailer: end, patches: completion.patches)
  }

  // MARK: Fragments

  private static func duration(from start: Int64, to end: Int64) -> Int64 { max(1, min(end &- start, 1 << 31)) }

  /// Whether a NAL unit belongs into a sample of an `avc1` track (ISO/IEC 14496-15 §5.3.2, §5.4.2).
  private static func isSampleData(_ type: NALUnitType) -> Bool {
    switch type {
    case .sps, .pps, .accessUnitDelimiter, .endOfSequence, .endOfStream, .fillerData: false
    default: true
    }
  }

  private static func sampleBytes(_ picture: CodedPicture) -> Int {
    picture.nalUnits.reduce(0) { sum, range in
      let header: UInt8 = picture.bytes.getInteger(at: picture.bytes.readerIndex + range.offset) ?? 0
      return isSampleData(NALUnitType(header: header)) ? sum + 4 + range.length : sum
    }
  }

  private mutating func write(_ samples: [Sample], next: Int64?) -> ByteBuffer {
    sequence &+= 1
    var durations = zip(samples, samples.dropFirst()).map { Self.duration(from: $0.decode, to: $1.decode) }
    if let last = samples.last {
      durations.append(next.map { Self.duration(from: last.decode, to: $0) } ?? last.expectedDuration)
    }
    let fragment = encode(samples, durations, sequence: sequence)
    note(samples, durations, bytes: fragment.readableBytes)
    return fragment
  }

  private func encode(_ samples: [Sample], _ durations: [Int64], sequence: UInt32) -> ByteBuffer {
    let mediaBytes = samples.reduce(0) { $0 + $1.bytes }
    precondition(mediaBytes < Self.maxFragmentBytes, "the caller ends fragments before they reach 2 GiB")
    var writer = BoxWriter(capacity: mediaBytes + 256 + 16 * samples.count)
    if let first = samples.first { writeReferenceTime(&writer, first) }
    let start = writer.offset
    var dataOffsetPosition = 0
    writer.box("moof") { moof in
      moof.fullBox("mfhd") { $0.write(sequence) }
      moof.box("traf") { traf in
        traf.fullBox("tfhd", flags: 0x02_0000) { $0.write(InitializationSegment.trackID) }  // default-base-is-moof
        traf.fullBox("tfdt", version: 1) { $0.write(UInt64(samples.first?.decode ?? 0)) }
        // data-offset, and per sample: duration, size, flags, composition offset.
        traf.fullBox("trun", version: 1, flags: 0xf01) { trun in
          trun.write(UInt32(samples.count))
          dataOffsetPosition = trun.offset
          trun.write(UInt32(0))
          for (sample, duration) in zip(samples, durations) {
            // depends_on 2: no other; 1: others, and is_non_sync.
            let flags: UInt32 = sample.picture.isKeyFrame ? 0x0200_0000 : 0x0101_0000
            trun.write(UInt32(duration), UInt32(sample.bytes), flags)
            trun.write(Int32(clamping: sample.presentation &+ mediaStart &- sample.decode))
          }
        }
      }
    }
    writer.set(UInt32(writer.offset - start + 8), at: dataOffsetPosition)
    writer.box("mdat") { mdat in
      mdat.append { buffer in
        for sample in samples { LengthPrefixed.write(sample.picture, to: &buffer, where: Self.isSampleData) }
      }
    }
    return writer.buffer
  }

  /// `prft`, §8.16.5: flags 24, the time of capture.
  private func writeReferenceTime(_ writer: inout BoxWriter, _ sample: Sample) {
    let captured = origin.advanced(by: Nanoseconds(sample.presentation &* 1_000)).nanosSince1970
    // NTP: seconds since 1900 and a fraction of 32 bits.
    let (seconds, nanos) = captured.quotientAndRemainder(dividingBy: 1_000_000_000)
    let ntp = UInt64(bitPattern: (seconds &+ 2_208_988_800) << 32 | (nanos << 32) / 1_000_000_000)
    writer.fullBox("prft", version: 1, flags: 24) {
      $0.write(InitializationSegment.trackID)
      $0.write(ntp, UInt64(max(0, sample.presentation &+ mediaStart)))
    }
  }

  private mutating func note(_ samples: [Sample], _ durations: [Int64], bytes: Int) {
    guard index != nil, let first = samples.first else { return }
    let sync = samples.firstIndex { $0.picture.isKeyFrame }
    let end = zip(samples, durations).reduce(Int64(0)) { max($0, $1.0.presentation &+ $1.1) }
    index?.fragments.append(
      FragmentedMP4Index.Fragment(
        offset: bytesWritten, bytes: bytes, decode: first.decode, duration: durations.reduce(0, +),
        samples: samples.count, earliestPresentation: max(0, samples.reduce(.max) { min($0, $1.presentation) }),
        presentationEnd: end,
        sync: sync.map { .init(sample: $0, presentation: max(0, samples[$0].presentation)) }))
    bytesWritten += bytes
  }
}
