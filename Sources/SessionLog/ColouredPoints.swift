import NIOCore

/// The points of a PLY file as Foxglove has them.
enum ColouredPoints {
  /// A header of this software has two hundred bytes.
  private static let headerLimit = 1_024

  /// 16 bytes a point — 3 × Float32, red, green, blue, alpha — of a file that `BusMessages.PointCloud` writes; `nil` for
  /// any other.
  static func data(ofPLY file: ByteBuffer) -> ByteBuffer? {
    let end = Array("end_header\n".utf8)
    let head = Array(file.readableBytesView.prefix(headerLimit))
    guard head.count > end.count,
      let place = (0...head.count - end.count).first(where: { head[$0..<($0 + end.count)].elementsEqual(end) })
    else { return nil }
    let lines = String(decoding: head[..<place], as: UTF8.self).split(separator: "\n")
    let properties = lines.filter { $0.hasPrefix("property ") }.map { String($0.dropFirst(9)) }
    let known = ["float x", "float y", "float z", "uchar red", "uchar green", "uchar blue"]
    guard lines.starts(with: ["ply", "format binary_little_endian 1.0"]),
      properties == known || properties == known + ["float confidence"],
      let count = lines.first(where: { $0.hasPrefix("element vertex ") }).flatMap({ Int($0.dropFirst(15)) })
    else { return nil }
    let stride = properties.count == known.count ? 15 : 19
    let start = place + end.count
    let (bytes, isTooMany) = count.multipliedReportingOverflow(by: stride)
    guard count >= 0, !isTooMany, file.readableBytes - start == bytes else { return nil }
    var data = ByteBuffer()
    data.writeWithUnsafeMutableBytes(minimumWritableBytes: count * 16) { target in
      file.withUnsafeReadableBytes { source in
        for index in 0..<count {
          let from = UnsafeRawBufferPointer(rebasing: source[(start + index * stride)..<(start + index * stride + 15)])
          UnsafeMutableRawBufferPointer(rebasing: target[(index * 16)..<(index * 16 + 15)]).copyMemory(from: from)
          target[index * 16 + 15] = 255
        }
      }
      return count * 16
    }
    return data
  }
}
