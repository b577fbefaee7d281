extension SettingsTable {
  static let cotURL = Setting.text(
    "cot.url", "", allowed: "udp://HOST:PORT or tcp://HOST:PORT", from: .environment("WORLDSYSTEM_COT", flag: "--cot"),
    "Where positions go as Cursor-on-Target, as udp://239.2.3.1:6969 for every ATAK on the network. Empty sends none.",
    where: { $0.isEmpty || $0.hasPrefix("udp://") || $0.hasPrefix("tcp://") })
  static let cotType = Setting.text(
    "cot.type", "a-f-A-M-F-Q", allowed: "a type such as a-f-A-M-F-Q",
    "What carries the phones and cameras: a-f-A-M-F-Q is a friendly drone.",
    where: isType)
  static let cotSeconds = Setting.number(
    "cot.interval_s", 1, in: 0.1...3_600, "Seconds from one event of a stream to the next.")
  static let cotObjects = Setting.integer(
    "cot.objects", 64, in: 0...256, "Objects with a place on Earth that are sent too, at most. 0 sends none.")
  static let cotObjectType = Setting.text(
    "cot.object_type", "a-u-G", allowed: "a type such as a-u-G",
    "What objects are whose names say nothing: a-u-G is something unknown on the ground. Its second letter counts for all.",
    where: isType)
  static let cotObjectSeconds = Setting.number(
    "cot.object_interval_s", 5, in: 1...3_600, "Seconds from one event of an object to the next.")

  private static func isType(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || isLetterOrDigit($0) } && text.contains("-")
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
