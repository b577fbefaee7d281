public import NIOCore

extension PointCloud {
  /// A header of this software has two hundred bytes.
  private static let headerLimit = 1_024

  /// Reads a file that ``ply()`` writes; `nil` for any other. Points that are nowhere are left out.
  public init?(ply file: ByteBuffer) {
    let end = Array("end_header\n".utf8)
    let head = Array(file.readableBytesView.prefix(Self.headerLimit))
    guard head.count > end.count,
      let place = (0...head.count - end.count).first(where: { head[$0..<($0 + end.count)].elementsEqual(end) })
    else { return nil }
    let lines = String(decoding: head[..<place], as: UTF8.self).split(separator: "\n")
    let properties = lines.filter { $0.hasPrefix("property ") }.map { String($0.dropFirst(9)) }
    let known = ["float x", "float y", "float z", "uchar red", "uchar green", "uchar blue"]
    let hasConfidence = properties == known + ["float confidence"]
    guard lines.starts(with: ["ply", "format binary_little_endian 1.0"]), properties == known || hasConfidence,
      let count = lines.first(where: { $0.hasPrefix("element vertex ") }).flatMap({ Int($0.dropFirst(15)) })
    else { return nil }
    let stride = hasConfidence ? 19 : 15
    let start = place + end.count
    let (bytes, isTooMany) = count.multipliedReportingOverflow(by: stride)
    guard count >= 0, !isTooMany, file.readableBytes - start == bytes else { return nil }
    var points: [Point] = []
    points.reserveCapacity(count)
    file.withUnsafeReadableBytes { source in
      func float(_ at: Int) -> Float {
        Float(bitPattern: UInt32(littleEndian: source.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
      }
      // All offsets are below `start + count * stride`, which is the number of bytes.
      for at in Swift.stride(from: start, to: start + bytes, by: stride) {
        let position = SIMD3(float(at), float(at + 4), float(at + 8))
        guard position.x.isFinite, position.y.isFinite, position.z.isFinite else { continue }
        points.append(
          Point(
            position: position,
            colour: SIMD3(source[at + 12], source[at + 13], source[at + 14]),
            confidence: hasConfidence ? float(at + 15) : 1))
      }
    }
    self.init(points: points, hasConfidence: hasConfidence)
  }
}
