import CodedMedia
import NIOCore
import TestSupport

/// An access unit for tests: NAL units and their place in Annex B.
struct SampleUnit {
  var nalUnits: [[UInt8]]
  var startCode: [UInt8] = [0, 0, 0, 1]

  var bytes: ByteBuffer { ByteBuffer(bytes: nalUnits.flatMap { startCode + $0 }) }

  var ranges: [CodedPicture.NALRange] {
    var offset = 0
    return nalUnits.map { unit in
      defer { offset += startCode.count + unit.count }
      return CodedPicture.NALRange(offset: offset + startCode.count, length: unit.count)
    }
  }

  /// A picture as encoders make it: perhaps delimiter, parameter sets and SEI, then slices of `1...maximum` bytes.
  static func random(maximum: Int, using generator: inout SeededGenerator) -> SampleUnit {
    var units: [[UInt8]] = []
    func append(_ type: UInt8, _ count: Int, _ generator: inout SeededGenerator) {
      units.append(
        [type] + (0..<count).map { _ in UInt8.random(in: 1...255, using: &generator) })
    }
    if Bool.random(using: &generator) { append(0x09, 1, &generator) }
    let isKey = Bool.random(using: &generator)
    if isKey {
      append(0x67, Int.random(in: 3...40, using: &generator), &generator)
      append(0x68, Int.random(in: 2...10, using: &generator), &generator)
    }
    if Bool.random(using: &generator) { append(0x06, Int.random(in: 1...300, using: &generator), &generator) }
    for index in 0..<Int.random(in: 1...5, using: &generator) {
      append(isKey ? 0x65 : 0x41, Int.random(in: 1...maximum, using: &generator), &generator)
      // The first slice of a picture has first_mb_in_slice 0: its first payload bit is 1.
      if index == 0 { units[units.count - 1][1] |= 0x80 }
    }
    return SampleUnit(nalUnits: units)
  }
}
