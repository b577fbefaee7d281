/// How detection stands, as `/api/detection` shows it.
public struct DetectionReport: Sendable, Encodable {
  /// Something that it decided.
  public struct Choice: Sendable, Encodable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The last frame that was looked at.
  public struct Frame: Sendable, Encodable {
    public var number: Int
    public var objects: Int
    public var ms: Double

    public init(number: Int, objects: Int, millis: Double) {
      self.number = number
      self.objects = objects
      ms = millis
    }
  }

  /// `off`, `waiting`, `loading`, `running`, `failed`; `elsewhere` where another process looks for objects, if any.
  public var state: String
  /// The stream that is looked at here.
  public var stream: String?
  public var mode: String?
  /// The modes that may be chosen.
  public var modes: [String]
  /// How objects are found: `motion`, `fastestdet`, `grounded`.
  public var method: String?
  public var model: String?
  public var prompt: String?
  public var choices: [Choice]
  public var frame: Frame?
  public var frames: Int
  public var skipped: Int
  /// What does not work.
  public var problem: String?

  public init(
    state: String, stream: String? = nil, mode: String? = nil, modes: [String], method: String? = nil,
    model: String? = nil, prompt: String? = nil, choices: [Choice] = [], frame: Frame? = nil, frames: Int = 0,
    skipped: Int = 0, problem: String? = nil
  ) {
    self.state = state
    self.stream = stream
    self.mode = mode
    self.modes = modes
    self.method = method
    self.model = model
    self.prompt = prompt
    self.choices = choices
    self.frame = frame
    self.frames = frames
    self.skipped = skipped
    self.problem = problem
  }
}

/// What the body of `PUT /api/detection` asks for; what is left out stays as it is.
public struct DetectionChange: Sendable, Decodable, Equatable {
  public var mode: String?
  public var prompt: String?
  /// Which stream is meant, where another process looks for objects; otherwise left out, or the one of this server.
  public var stream: String?
}

/// What became of a change.
public enum DetectionChangeOutcome: Sendable {
  /// It takes effect with the next frame.
  case taken
  /// It was handed to other processes.
  case passedOn
  /// It makes no sense.
  case wrong(reason: String)
  /// It cannot be had here.
  case unavailable(reason: String)
}

/// How people see and change what is looked for.
public struct DetectionControls: Sendable {
  public var report: @Sendable () -> DetectionReport
  public var change: @Sendable (DetectionChange) -> DetectionChangeOutcome

  public init(
    report: @escaping @Sendable () -> DetectionReport = { DetectionReport(state: "elsewhere", modes: []) },
    change: @escaping @Sendable (DetectionChange) -> DetectionChangeOutcome = { _ in
      .unavailable(reason: "nobody looks for objects")
    }
  ) {
    self.report = report
    self.change = change
  }
}
