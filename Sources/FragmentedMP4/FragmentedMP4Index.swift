public import NIOCore

/// What completes a file: bytes for its end, and bytes that replace earlier ones.
public struct FragmentedMP4Completion: Hashable, Sendable {
  /// Bytes that replace others of the same number.
  public struct Patch: Hashable, Sendable {
    /// From the start of the file.
    public var offset: Int
    public var bytes: ByteBuffer
  }

  public var trailer: ByteBuffer
  public var patches: [Patch]
}

/// Where the fragments of a file lie. Made while writing, or by ``scan(fileBytes:read:)`` over a file that a crash left.
public struct FragmentedMP4Index: Hashable, Sendable {
  /// The first sample of a fragment at which decoding can start.
  public struct Sync: Hashable, Sendable {
    /// Number of the sample in the fragment, from 0.
    public var sample: Int
    public var presentation: Int64
  }

  /// `prft`, `moof` and `mdat`; times in ``FragmentedMP4Writer/timescale``.
  public struct Fragment: Hashable, Sendable {
    public var offset: Int
    public var bytes: Int
    /// On the media's own timeline.
    public var decode: Int64
    /// Of its samples together.
    public var duration: Int64
    public var samples: Int
    /// As the edit list has it: 0 is the first picture of the file.
    public var earliestPresentation: Int64
    /// The end of the sample that is shown last.
    public var presentationEnd: Int64
    public var sync: Sync?
  }

  public internal(set) var fragments: [Fragment] = []
  /// Bytes from the start of the file to the end of the last complete fragment.
  public internal(set) var completeBytes: Int
  /// Where the 64-bit durations of mvhd, tkhd, mdhd and mehd lie.
  var durationOffsets: [Int]
  /// Where presentation begins on the media's own timeline.
  var mediaStart: Int64
  /// Where the room for the index lies.
  var reservedOffset: Int?

  /// Duration of the whole in ``FragmentedMP4Writer/timescale``.
  public var duration: Int64 { fragments.reduce(0) { max($0, $1.presentationEnd) } }

  /// Samples in all fragments.
  public var samples: Int { fragments.reduce(0) { $0 + $1.samples } }

  /// Room for 338 entries of an index, 169 s of fragments of half a second; beyond that entries span several fragments.
  static let reservedBytes = 4_096

  /// A `free` box that an index replaces later.
  static var reservation: ByteBuffer {
    var writer = BoxWriter(capacity: reservedBytes)
    writer.box("free") { $0.write(zeros: reservedBytes - 8) }
    return writer.buffer
  }

  init(initializationSegment segment: ByteBuffer, mediaStart: Int64) {
    durationOffsets = BoxReader.durationOffsets(in: segment)
    self.mediaStart = mediaStart
    reservedOffset = segment.readableBytes
    completeBytes = segment.readableBytes + Self.reservedBytes
  }

  init(durationOffsets: [Int], reservedOffset: Int?, completeBytes: Int, mediaStart: Int64) {
    self.durationOffsets = durationOffsets
    self.mediaStart = mediaStart
    self.reservedOffset = reservedOffset
    self.completeBytes = completeBytes
  }

  /// The trailer (`mfra`) and the patches (durations, `sidx`) of the file as it is now.
  public func completion() -> FragmentedMP4Completion {
    var patches = durationOffsets.map { offset in
      FragmentedMP4Completion.Patch(offset: offset, bytes: ByteBuffer(integer: UInt64(max(0, duration))))
    }
    if let reservedOffset, let segmentIndex = segmentIndex(at: reservedOffset) {
      patches.append(FragmentedMP4Completion.Patch(offset: reservedOffset, bytes: segmentIndex))
    }
    return FragmentedMP4Completion(trailer: randomAccess(), patches: patches)
  }

  /// `mfra`, §8.8.9: one entry for each fragment with a sync sample.
  private func randomAccess() -> ByteBuffer {
    var writer = BoxWriter(capacity: 64 + 21 * fragments.count)
    let entries = fragments.compactMap { fragment in fragment.sync.map { (fragment, $0) } }
    writer.box("mfra") { mfra in
      mfra.fullBox("tfra", version: 1) { tfra in
        // length_size_of_traf_num and _trun_num: one byte; of sample_num: four.
        tfra.write(InitializationSegment.trackID, 3, UInt32(entries.count))
        for (fragment, sync) in entries {
          tfra.write(UInt64(sync.presentation), UInt64(fragment.offset + FragmentedMP4Index.referenceTimeBytes))
          tfra.write(UInt8(1), 1)
          tfra.write(UInt32(sync.sample + 1))
        }
      }
      let size = UInt32(mfra.offset + 16)
      mfra.fullBox("mfro") { $0.write(size) }
    }
    return writer.buffer
  }

  /// Bytes of the `prft` box in front of each `moof`.
  static let referenceTimeBytes = 32

  /// `sidx`, §8.16.3, filled up with a `free` box to the reserved size.
  private func segmentIndex(at offset: Int) -> ByteBuffer? {
    guard let first = fragments.first else { return nil }
    let headBytes = 40
    let capacity = (Self.reservedBytes - headBytes - 8) / 12
    let perEntry = (fragments.count + capacity - 1) / capacity
    let groups = stride(from: 0, to: fragments.count, by: perEntry).map {
      fragments[$0..<min($0 + perEntry, fragments.count)]
    }
    let sidxBytes = headBytes + 12 * groups.count
    let freeBytes = Self.reservedBytes - sidxBytes
    // Fragments lie behind the reserved room in every file of ours; another file gets no index.
    guard let firstOffset = UInt64(exactly: first.offset - offset - sidxBytes) else { return nil }
    var writer = BoxWriter(capacity: Self.reservedBytes)
    writer.fullBox("sidx", version: 1) { sidx in
      sidx.write(InitializationSegment.trackID, FragmentedMP4Writer.timescale)
      sidx.write(UInt64(first.earliestPresentation), firstOffset)
      sidx.write(UInt16(0), UInt16(groups.count))
      for group in groups {
        let bytes = group.reduce(0) { $0 + $1.bytes }
        let duration = group.reduce(Int64(0)) { $0 + $1.duration }
        sidx.write(UInt32(clamping: bytes) & 0x7fff_ffff, UInt32(clamping: duration))
        // starts_with_SAP and SAP_type 1, where the first sample is a sync sample.
        sidx.write(group.first?.sync?.sample == 0 ? UInt32(0x9000_0000) : 0)
      }
    }
    writer.box("free") { $0.write(zeros: freeBytes - 8) }
    return writer.buffer
  }
}
