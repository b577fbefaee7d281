extension SettingsTable {
  static let detectEnabled = Setting.boolean(
    "detect.enabled", true, from: .environment("WORLDSYSTEM_DETECT", flag: "--no-detect"),
    "Whether `up` looks for objects.")
  static let detectStream = Setting.text(
    "detect.stream", "drone", allowed: "the name of a stream", "The stream that `up` looks at.", where: { !$0.isEmpty })
  static let detectFrameSkip = Setting.integer(
    "detect.frame_skip", 1, in: 0...1_000_000, from: .environment("FRAME_PROCESSOR_SKIP", flag: "--skip"),
    "Only every so many frames of live video are looked at; 0 and 1 are every frame.")
  static let detectModel = Setting.text(
    "detect.model", "auto", allowed: "the name of a model, motion, none or auto", from: .flag("--model"),
    "What finds objects: a model in the folder of models by its name; motion, which finds what moves and needs none; "
      + "none; or auto, the best that is there. Phones and the page may choose another mode.", where: { !$0.isEmpty })
  static let detectModelFolder = Setting.text(
    "detect.models", "models", allowed: "the path of a folder", from: .flag("--models"),
    "The folder of models that `models prepare` fills.", where: { !$0.isEmpty })
  static let detectTriton = Setting.text(
    "detect.triton", "", allowed: "HOST:PORT, or nothing", from: .flag("--triton"),
    "Server of the Open Inference Protocol that runs the models, as MODEL.NETWORK, instead of this process; their folder "
      + "is still needed, for their names and vocabularies.")
  static let detectPrompt = Setting.text(
    "detect.prompt", "all objects. item. thing. stuff.", from: .flag("--prompt"),
    "What to look for, where the model can be told: names with a full stop behind each, such as \"person. car.\".",
    where: { !$0.isEmpty })
  static let detectBoxThreshold = Setting.number(
    "detect.box_threshold", 0.25, in: 0...1, "How sure a model that is told what to look for must be of an object.")
  static let detectTextThreshold = Setting.number(
    "detect.text_threshold", 0.2, in: 0...1, "How sure it must be of a word of the prompt to name an object by it.")
}
