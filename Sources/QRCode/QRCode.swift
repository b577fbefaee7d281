import CQREncode

/// A text as a QR code (ISO/IEC 18004), with the error correction of level M: 15 % of it may be unreadable.
public struct QRCode: Hashable, Sendable {
  /// The text fits no QR code.
  public struct TooLong: Error, Hashable, Sendable, CustomStringConvertible {
    /// Bytes of the text.
    public var bytes: Int

    public init(bytes: Int) { self.bytes = bytes }

    public var description: String { "\(bytes) bytes do not fit into a QR code" }
  }

  /// Light modules around the code that readers need.
  public static let quietZone = 4

  /// Modules along a side, without the quiet zone: 21…177.
  public let size: Int
  /// Row by row, whether a module is dark.
  private let modules: [Bool]

  /// - Throws: ``TooLong`` for more than 2,331 bytes.
  public init(_ text: String) throws(TooLong) {
    let bytes = Array(text.utf8)
    let code = bytes.withUnsafeBufferPointer { bytes in
      QRcode_encodeData(Int32(clamping: bytes.count), bytes.baseAddress, 0, QR_ECLEVEL_M)
    }
    guard let code else { throw TooLong(bytes: bytes.count) }
    defer { QRcode_free(code) }
    size = Int(code.pointee.width)
    // The lowest bit of a module is its colour.
    modules = UnsafeBufferPointer(start: code.pointee.data, count: size * size).map { $0 & 1 == 1 }
  }

  /// Whether a module is dark. Places outside are light.
  public subscript(column: Int, row: Int) -> Bool {
    (0..<size).contains(column) && (0..<size).contains(row) && modules[row * size + column]
  }

  /// The code in half blocks, two rows of modules a line, dark on light whatever colours the terminal has.
  public var terminalText: String {
    let rows = stride(from: -Self.quietZone / 2, to: size + Self.quietZone / 2, by: 2)
    return rows.map { row in
      let line = (-Self.quietZone / 2..<size + Self.quietZone / 2).map { column in
        // Light is drawn, in white on black.
        switch (self[column, row], self[column, row + 1]) {
        case (false, false): "█"
        case (false, true): "▀"
        case (true, false): "▄"
        case (true, true): " "
        }
      }
      return "\u{1B}[97;40m\(line.joined())\u{1B}[0m"
    }
    .joined(separator: "\n")
  }

  /// The code as an SVG picture, one unit a module, dark in black on white.
  public var svg: String {
    var path = ""
    for row in 0..<size {
      var column = 0
      while column < size {
        guard self[column, row] else {
          column += 1
          continue
        }
        let start = column
        while self[column, row] { column += 1 }
        path += "M\(start + Self.quietZone) \(row + Self.quietZone)h\(column - start)v1h-\(column - start)z"
      }
    }
    let side = size + 2 * Self.quietZone
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
      <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path d="\(path)"/></svg>
      """
  }
}
