extension SettingsTable {
  static let objectsEnabled = Setting.boolean(
    "objects.enabled", true, "Whether `up` finds out where objects are in the world, when it runs SLAM and detection.")
  static let objectsFile = Setting.text(
    "objects.file", "", allowed: "the path of a file",
    "The list of objects in the world is kept there. Empty: objects.json beside the recordings.")
}
