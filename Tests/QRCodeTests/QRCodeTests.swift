import QRCode
import Testing

struct QRCodeTests {
  /// The three large squares by which readers find a code.
  @Test func itHasItsFinderPatterns() throws {
    let code = try QRCode("https://192.168.1.20:5001/phone#token=0123456789abcdef")
    #expect(code.size == 33)  // Version 4 holds 62 bytes at level M.
    for (left, top) in [(0, 0), (code.size - 7, 0), (0, code.size - 7)] {
      for row in 0..<7 {
        for column in 0..<7 {
          let ring = max(abs(column - 3), abs(row - 3))
          #expect(code[left + column, top + row] == (ring != 2), "\(column) \(row)")
        }
      }
    }
    #expect(!code[-1, 0] && !code[code.size, 0])
  }

  @Test func differentTextsGiveDifferentCodes() throws {
    #expect(try QRCode("a") != QRCode("b"))
    #expect(try QRCode("a") == QRCode("a"))
  }

  @Test func whatDoesNotFitIsSaid() {
    #expect(throws: QRCode.TooLong(bytes: 3000)) { try QRCode(String(repeating: "x", count: 3000)) }
  }

  @Test func thePicturesShowEveryModule() throws {
    let code = try QRCode("WorldSystem")
    let lines = code.terminalText.split(separator: "\n")
    #expect(lines.count == (code.size + QRCode.quietZone + 1) / 2)
    let dark = (0..<code.size).flatMap { row in (0..<code.size).filter { code[$0, row] } }.count
    // Every run of the path is one unit high, so its lengths add up to the dark modules.
    let runs = code.svg.split(separator: "h").dropFirst().compactMap { Int($0.prefix { $0.isNumber }) }
    #expect(runs.reduce(0, +) - (code.size + 2 * QRCode.quietZone) == dark)
  }
}
