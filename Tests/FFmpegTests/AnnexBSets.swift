import CodedMedia
import MediaModel
import NIOCore

/// The parameter sets in Annex B bytes that start with `00 00 00 01`.
func parameterSets(inAnnexB bytes: ByteBuffer, _ resolution: Resolution) -> ParameterSets? {
  let view = Array(bytes.readableBytesView)
  var starts: [(code: Int, nal: Int)] = []
  for index in view.indices.dropLast(2) where view[index] == 0 && view[index + 1] == 0 && view[index + 2] == 1 {
    starts.append((index > 0 && view[index - 1] == 0 ? index - 1 : index, index + 3))
  }
  let units = starts.indices.map { index in
    ByteBuffer(bytes: view[starts[index].nal..<(index + 1 < starts.count ? starts[index + 1].code : view.count)])
  }
  func sets(ofType type: UInt8) -> [ByteBuffer] {
    units.filter { ($0.getInteger(at: $0.readerIndex, as: UInt8.self) ?? 0) & 31 == type }
  }
  guard let sps = sets(ofType: 7).first, case let pps = sets(ofType: 8), !pps.isEmpty else { return nil }
  return ParameterSets(sps: sps, pps: pps, resolution: resolution, codecString: "avc1.42c01f", reorderDepth: 0)
}
