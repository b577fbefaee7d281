extension SettingsTable {
  static let cotURL = Setting.text(
    "cot.url", "", allowed: "udp://HOST:PORT or tcp://HOST:PORT", from: .environment("WORLDSYSTEM_COT", flag: "--cot"),
    "Where positions go as Cursor-on-Target, as udp://239.2.3.1:6969 for every ATAK on the network. Empty sends none.",
    where: { $0.isEmpty || $0.hasPrefix("udp://") || $0.hasPrefix("tcp://") })
  static let cotType = Setting.text(
    "cot.type", "a-f-A-M-F-Q", allowed: "a type such as a-f-A-M-F-Q",
    "What carries the phones and cameras: a-f-A-M-F-Q is a friendly drone.",
    where: { text in text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || isLetterOrDigit($0) } && text.contains("-") })
  static let cotSeconds = Setting.number(
    "cot.interval_s", 1, in: 0.1...3_600, "Seconds from one event of a stream to the next.")

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
