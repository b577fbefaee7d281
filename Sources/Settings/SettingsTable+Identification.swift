extension SettingsTable {
  static let identifyEnabled = Setting.boolean(
    "identification.enabled", false, from: .environment("WORLDSYSTEM_IDENTIFICATION"),
    "Whether views of followed objects are kept and made into pictures, and APIs with a key are asked what they are.")
  static let identifyFolder = Setting.text(
    "identification.folder", "", allowed: "the path of a folder",
    "Folder for pictures of objects. Empty takes the folder objects beside the recordings.")
  static let identifyPublicURL = Setting.text(
    "identification.public_url", "", allowed: "an http:// or https:// URL",
    "Where anybody can load what is in that folder. Google Lens needs it; empty, it is not asked.",
    where: { $0.isEmpty || $0.hasPrefix("http://") || $0.hasPrefix("https://") })
  static let identifyVisionURL = Setting.text(
    "identification.vision_url", "", allowed: "an http:// or https:// URL",
    "An endpoint that speaks OpenAI's chat completions with pictures, as https://api.openai.com/v1. Empty asks none. Its "
      + "key is in OPENAI_API_KEY or the file that OPENAI_API_KEY_FILE names.",
    where: { $0.isEmpty || $0.hasPrefix("http://") || $0.hasPrefix("https://") })
  static let identifyVisionModel = Setting.text(
    "identification.vision_model", "gpt-4o-mini", "The model of that endpoint.", where: { !$0.isEmpty })
  static let identifyPerMinute = Setting.number(
    "identification.requests_per_minute", 10, in: 0.01...10_000, "Requests to all APIs a minute, in the long run.")
  static let identifyPerDay = Setting.integer(
    "identification.requests_per_day", 500, in: 0...1_000_000, "Requests to all APIs in a day of UTC.")
  static let identifyCostPerDay = Setting.number(
    "identification.cost_per_day", 5, in: 0...100_000,
    "What the requests of a day may cost by estimate, in US dollars: 0.015 for Google Lens, 0.01 for a vision endpoint, "
      + "0.006 for dimensions.")
}
