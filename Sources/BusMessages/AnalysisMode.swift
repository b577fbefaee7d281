/// What is to be looked for in a stream: what phones send, and what is asked for by REST.
public struct AnalysisMode: JSONBody, Hashable {
  public static let topic = Topic.analysisMode

  public var type = "analysis_mode"
  /// `none`, `yolo`, or another word that services know.
  public var data: String
  /// What to look for, such as `person. car.`; our own addition.
  public var prompt: String?

  public init(data: String, prompt: String? = nil) {
    self.data = data
    self.prompt = prompt
  }
}
