extension SettingsTable {
  static let rerunAddress = Setting.text(
    "rerun.address", "", allowed: "HOST:PORT or rerun+http://HOST:PORT/proxy",
    from: .environment("RERUN_VIEWER_ADDRESS", flag: "--rerun"),
    "Where a viewer of Rerun listens, as 127.0.0.1:9876. Empty sends nothing.",
    where: { $0.isEmpty || $0.contains(":") })
  static let rerunQueueMebibytes = Setting.integer(
    "rerun.queue_mebibytes", 32, in: 1...4_096, "What may wait for the viewer; more is left out.")
}
