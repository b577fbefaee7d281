public import NIOCore

/// Why a file cannot be completed.
public enum FragmentedMP4Error: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no complete `moov` in front of the first fragment.
  case noInitializationSegment
  /// A box inside of a complete `moof` cannot be read.
  case malformedFragment(offset: Int)

  public var description: String {
    switch self {
    case .noInitializationSegment: "no complete moov box"
    case .malformedFragment(let offset): "malformed movie fragment at byte \(offset)"
    }
  }
}

extension FragmentedMP4Index {
  /// Finds the complete fragments of a file that was written by ``FragmentedMP4Writer`` and perhaps not to its end.
  ///
  /// - Parameters:
  ///   - fileBytes: size of the file.
  ///   - read: the bytes from an offset, as many as asked for or fewer at the end of the file; `nil` when reading fails.
  public static func scan(
    fileBytes: Int, read: (_ offset: Int, _ count: Int) -> ByteBuffer?
  ) throws(FragmentedMP4Error) -> FragmentedMP4Index {
    var index: FragmentedMP4Index?
    var offset = 0
    var fragment: Fragment?
    var fragmentStart: Int?
    scanning: while let box = BoxReader.topLevelBox(at: offset, fileBytes: fileBytes, read: read) {
      switch box.type {
      case "moov":
        guard let moov = read(box.offset, box.bytes), moov.readableBytes == box.bytes else { break scanning }
        let offsets = BoxReader.durationOffsets(in: moov).map { $0 + box.offset }
        index = FragmentedMP4Index(
          durationOffsets: offsets, reservedOffset: nil, completeBytes: box.offset + box.bytes,
          mediaStart: BoxReader.mediaStart(in: moov))
      case "free" where index?.fragments.isEmpty == true && box.bytes == Self.reservedBytes:
        index?.reservedOffset = box.offset
        index?.completeBytes = box.offset + box.bytes
      case "sidx" where index?.fragments.isEmpty == true:
        // The file was completed once already; the index and the free box behind it are made anew.
        index?.reservedOffset = box.offset
        index?.completeBytes = box.offset + Self.reservedBytes
        offset = box.offset + Self.reservedBytes - box.bytes
      case "prft":
        fragmentStart = box.offset
      case "moof":
        guard let moof = read(box.offset, box.bytes), moof.readableBytes == box.bytes else { break scanning }
        guard var found = BoxReader.fragment(in: moof, mediaStart: index?.mediaStart ?? 0) else {
          throw .malformedFragment(offset: box.offset)
        }
        found.offset = fragmentStart ?? box.offset
        fragment = found
      case "mdat":
        guard var complete = fragment else { break scanning }
        complete.bytes = box.offset + box.bytes - complete.offset
        index?.fragments.append(complete)
        index?.completeBytes = box.offset + box.bytes
        (fragment, fragmentStart) = (nil, nil)
      case "mfra":
        break scanning
      default:
        break
      }
      offset += box.bytes
    }
    guard let index else { throw .noInitializationSegment }
    return index
  }
}

/// Reads the boxes that the writer writes.
enum BoxReader {
  struct Box {
    var type: FourCC
    var offset: Int
    var bytes: Int
  }

  /// A box that lies wholly in the file.
  static func topLevelBox(at offset: Int, fileBytes: Int, read: (Int, Int) -> ByteBuffer?) -> Box? {
    guard offset >= 0, fileBytes - offset >= 8, let head = read(offset, 8) else { return nil }
    guard let box = header(of: head, at: head.readerIndex), box.bytes <= fileBytes - offset else { return nil }
    return Box(type: box.type, offset: offset, bytes: box.bytes)
  }

  private static func header(of buffer: ByteBuffer, at index: Int) -> (type: FourCC, bytes: Int)? {
    guard let size: UInt32 = buffer.getInteger(at: index), let type: UInt32 = buffer.getInteger(at: index + 4),
      size >= 8
    else { return nil }
    return (FourCC(code: type), Int(size))
  }

  /// The boxes between two indices of the buffer.
  private static func boxes(in buffer: ByteBuffer, _ range: Range<Int>) -> [(type: FourCC, body: Range<Int>)] {
    var result: [(type: FourCC, body: Range<Int>)] = []
    var index = range.lowerBound
    while index + 8 <= range.upperBound, let box = header(of: buffer, at: index), index + box.bytes <= range.upperBound
    {
      result.append((box.type, (index + 8)..<(index + box.bytes)))
      index += box.bytes
    }
    return result
  }

  /// Offsets, from the first byte, of the 64-bit durations in mvhd, tkhd, mdhd and mehd of version 1.
  static func durationOffsets(in segment: ByteBuffer) -> [Int] {
    var offsets: [Int] = []
    func walk(_ range: Range<Int>) {
      for (type, body) in boxes(in: segment, range) {
        switch type {
        case "moov", "trak", "mdia", "mvex": walk(body)
        // Version, flags, creation and modification time, then timescale (mvhd, mdhd) or track ID and reserved (tkhd).
        case "mvhd", "mdhd": offsets.append(body.lowerBound + 4 + 16 + 4 - segment.readerIndex)
        case "tkhd": offsets.append(body.lowerBound + 4 + 16 + 8 - segment.readerIndex)
        case "mehd": offsets.append(body.lowerBound + 4 - segment.readerIndex)
        default: break
        }
      }
    }
    walk(segment.readerIndex..<segment.writerIndex)
    return offsets.filter { $0 + 8 <= segment.readableBytes }
  }

  /// The media time of the edit in a `moov` of ours; 0 where there is none.
  static func mediaStart(in moov: ByteBuffer) -> Int64 {
    var range = moov.readerIndex..<moov.writerIndex
    for type in ["moov", "trak", "edts", "elst"] as [FourCC] {
      guard let found = boxes(in: moov, range).first(where: { $0.type == type }) else { return 0 }
      range = found.body
    }
    // Version and flags, count, segment duration; a sane file begins within the first day.
    guard range.count >= 28, let start: Int64 = moov.getInteger(at: range.lowerBound + 16) else { return 0 }
    return (0..<86_400_000_000).contains(start) ? start : 0
  }

  /// Times and sync samples of a `moof` of ours.
  static func fragment(in moof: ByteBuffer, mediaStart: Int64) -> FragmentedMP4Index.Fragment? {
    let whole = (moof.readerIndex + 8)..<max(moof.readerIndex + 8, moof.writerIndex)
    guard let traf = boxes(in: moof, whole).first(where: { $0.type == "traf" }) else { return nil }
    let parts = boxes(in: moof, traf.body)
    guard let tfdt = parts.first(where: { $0.type == "tfdt" }),
      let trun = parts.first(where: { $0.type == "trun" }),
      let start: UInt64 = moof.getInteger(at: tfdt.body.lowerBound + 4), start <= UInt64(Int64.max / 2),
      let samples = moof.getSlice(at: trun.body.lowerBound, length: trun.body.count)
    else { return nil }
    return fragment(trun: samples, decode: Int64(start), mediaStart: mediaStart)
  }

  private static func fragment(
    trun: ByteBuffer, decode: Int64, mediaStart: Int64
  ) -> FragmentedMP4Index.Fragment? {
    var trun = trun
    guard let head: UInt32 = trun.readInteger(), head == 0x0100_0f01, let count: UInt32 = trun.readInteger(),
      trun.readInteger(as: UInt32.self) != nil, trun.readableBytes == Int(count) * 16, count > 0
    else { return nil }
    var fragment = FragmentedMP4Index.Fragment(
      offset: 0, bytes: 0, decode: decode, duration: 0, samples: Int(count), earliestPresentation: .max,
      presentationEnd: 0)
    for sample in 0..<Int(count) {
      guard let duration: UInt32 = trun.readInteger(), trun.readInteger(as: UInt32.self) != nil,
        let flags: UInt32 = trun.readInteger(), let offset: Int32 = trun.readInteger()
      else { return nil }
      let presentation = max(0, decode + fragment.duration + Int64(offset) - mediaStart)
      fragment.earliestPresentation = min(fragment.earliestPresentation, presentation)
      if fragment.sync == nil, flags & 0x0001_0000 == 0 {
        fragment.sync = FragmentedMP4Index.Sync(sample: sample, presentation: presentation)
      }
      fragment.presentationEnd = max(fragment.presentationEnd, presentation + Int64(duration))
      fragment.duration += Int64(duration)
    }
    return fragment
  }
}

extension FourCC {
  /// Lets box types stand in `switch` statements.
  static func ~= (pattern: FourCC, value: FourCC) -> Bool { pattern.code == value.code }
}
