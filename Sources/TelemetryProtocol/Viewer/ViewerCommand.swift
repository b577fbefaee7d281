public import MediaModel
public import NIOCore

/// A command of a viewer, protocol.md section 4: checked, and passed on exactly as it came.
public struct ViewerCommand: Hashable, Sendable {
  /// What it does; a closed set.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case joystick, movement, rotation, camera, flightmode

    /// Whether a newer command of the kind makes an older one pointless.
    public var isContinuous: Bool {
      switch self {
      case .joystick, .movement, .rotation: true
      case .camera, .flightmode: false
      }
    }
  }

  public var kind: Kind
  /// The message as received.
  public var body: ByteBuffer
  /// When the viewer sent it, nanoseconds on its clock, if it says so.
  public var timestampNanos: Int64?

  /// Reads a text message.
  /// - Throws: ``TelemetryReject``; `unknownCommand` for other types.
  public init(_ text: ByteBuffer, limits: TelemetryLimits = TelemetryLimits()) throws(TelemetryReject) {
    let object = try JSONObject(text, limits: limits)
    guard let type = object.text("type") else { throw .noType }
    guard let kind = Kind(rawValue: type) else { throw .unknownCommand }
    self.kind = kind
    body = text
    timestampNanos = try object.nanoseconds("timestamp")
    switch kind {
    case .movement: try Self.check(object, ["x", "y"])
    case .rotation: try Self.check(object, ["yaw", "z"])
    case .camera:
      guard let action = object.text("action") else { throw .field("action") }
      guard ["toggle", "on", "off"].contains(action) else { throw .range("action") }
    case .flightmode:
      guard object.text("action") != nil else { throw .field("action") }
    case .joystick: try Self.checkAll(object)
    }
  }

  /// Axes are numbers in -1…1; at least one is there.
  private static func check(_ object: JSONObject, _ axes: [String]) throws(TelemetryReject) {
    guard axes.contains(where: { object.has($0) }) else { throw .field(axes[0]) }
    for axis in axes where object.has(axis) {
      guard let value = object.number(axis) else { throw .field(axis) }
      guard (-1...1).contains(value) else { throw .range(axis) }
    }
  }

  /// What a joystick has is not fixed; infinite numbers are nothing.
  private static func checkAll(_ object: JSONObject) throws(TelemetryReject) {
    for name in object.names {
      guard object.number(name)?.isFinite ?? true else { throw .range("joystick") }
    }
  }
}

/// Commands on their way to one phone. What waits is what makes sense to send now.
///
/// Of joystick, movement and rotation the newest counts; camera and flightmode are kept, up to a bound. A phone whose
/// connection takes nothing for a while gets none of the commands that have grown old by then: a drone must not do now
/// what somebody wanted seconds ago.
public struct CommandQueue: Sendable {
  /// Bounds of waiting.
  public struct Limits: Hashable, Sendable {
    /// Commands of camera and flightmode that wait; a person does not send 16 of them in 5 s.
    public var discrete = 16
    /// Age above which a continuous command is dropped.
    public var continuousAge = Nanoseconds.milliseconds(500)
    /// Age above which one of camera or flightmode is dropped.
    public var discreteAge = Nanoseconds.seconds(5)

    public init() {}
  }

  /// Why a command was not delivered; a closed set.
  public enum Drop: String, Hashable, Sendable, CaseIterable {
    /// A newer one of its kind came.
    case replaced
    case tooOld = "too_old"
    case full
  }

  /// A command that waits.
  public struct Entry: Hashable, Sendable {
    public var kind: ViewerCommand.Kind
    /// The message, ready to be sent.
    public var message: ByteBuffer
    /// When the server received it.
    public var receivedAt: HostTime

    public init(kind: ViewerCommand.Kind, message: ByteBuffer, receivedAt: HostTime) {
      self.kind = kind
      self.message = message
      self.receivedAt = receivedAt
    }
  }

  private let limits: Limits
  private var entries: [Entry] = []

  public init(limits: Limits = Limits()) { self.limits = limits }

  public var count: Int { entries.count }

  /// Adds a command.
  /// - Returns: what was dropped instead, if anything.
  public mutating func add(_ entry: Entry) -> Drop? {
    if entry.kind.isContinuous {
      let older = entries.firstIndex { $0.kind == entry.kind }
      if let older { entries.remove(at: older) }
      entries.append(entry)
      return older == nil ? nil : .replaced
    }
    var drop: Drop?
    if entries.count(where: { !$0.kind.isContinuous }) >= limits.discrete,
      let oldest = entries.firstIndex(where: { !$0.kind.isContinuous })
    {
      entries.remove(at: oldest)
      drop = .full
    }
    entries.append(entry)
    return drop
  }

  /// The next command to send.
  /// - Parameter dropped: called for each command that has grown too old.
  public mutating func next(at now: HostTime, dropped: (ViewerCommand.Kind) -> Void) -> Entry? {
    while !entries.isEmpty {
      let entry = entries.removeFirst()
      let limit = entry.kind.isContinuous ? limits.continuousAge : limits.discreteAge
      if now.since(entry.receivedAt) <= limit { return entry }
      dropped(entry.kind)
    }
    return nil
  }
}
