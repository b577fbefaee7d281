import CodedMedia
import NIOCore

/// Parameter sets that came in packets of their own and wait for the next picture.
struct PendingParameterSets: Sendable {
  private struct Entry: Sendable {
    var kind: NALUnitType
    var id: Int
    var chunk: PictureAssembly.Chunk
  }

  /// At most one entry for each kind and id, so at most 288.
  private var entries: [Entry] = []

  mutating func put(kind: NALUnitType, id: Int, unit: PayloadCursor.Unit) {
    let range = CodedPicture.NALRange(
      offset: unit.offset - unit.startCodeOffset, length: unit.bytes.readableBytes)
    let chunk = PictureAssembly.Chunk(bytes: unit.bytesWithStartCode.copied(), nalUnits: [range])
    let entry = Entry(kind: kind, id: id, chunk: chunk)
    if let index = entries.firstIndex(where: { $0.kind == kind && $0.id == id }) {
      entries[index] = entry
    } else {
      entries.append(entry)
    }
  }

  /// Takes all out, except those that `picture` carries itself, which are dropped.
  mutating func take(except picture: PictureAssembly) -> [PictureAssembly.Chunk] {
    defer { entries = [] }
    return entries.filter { entry in
      !(entry.kind == .sps ? picture.ownSPS : picture.ownPPS).contains(entry.id)
    }.map(\.chunk)
  }
}
