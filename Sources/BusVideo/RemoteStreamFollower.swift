import Clocks
public import MediaModel

/// Follows one stream of another server through its queue: a value without I/O. What happens and the time go in; where
/// to read, what to hand on, and when the stream begins and ends for the readers here come out.
///
/// What it hands on always decodes: it begins with a key frame, and behind anything missing it goes on at the next key
/// frame. A picture that came before is never handed on again. When several servers have the stream, the newest turn
/// wins, as long as it lives.
public struct RemoteStreamFollower: Sendable {
  /// Tuning.
  public struct Parameters: Hashable, Sendable {
    /// How often a search for the beginning of the group of pictures may step back further.
    public var steps = 4
    /// Groups longer than this are not searched: two minutes at 30 frames a second.
    public var longestGroup: UInt64 = 3_600
    /// Reading goes on for so long after the last reader has left.
    public var linger = Nanoseconds.seconds(10)
    /// A stream does not begin with pictures that are older than this: its publisher may be gone for long.
    public var freshness = Nanoseconds.seconds(30)
    /// Without pictures for so long, the publisher counts as gone…
    public var silence = Nanoseconds.seconds(5)
    /// …or for so long while its server still announces the stream.
    public var announcedSilence = Nanoseconds.seconds(30)
    /// Without pictures for so long, an older turn may take the place of the newest.
    public var patience = Nanoseconds.seconds(3)
    /// Without messages for so long, reading starts anew; each time in vain doubles it.
    public var stall = Nanoseconds.seconds(5)
    public var longestStall = Nanoseconds.seconds(60)
    /// The wait after a reading that ended; each failure doubles it.
    public var retry = Nanoseconds.milliseconds(250)
    public var longestRetry = Nanoseconds.seconds(4)

    public init() {}
  }

  /// What the follower has to know of a message.
  public struct Unit: Hashable, Sendable {
    public var offset: UInt64
    public var node: String
    public var epoch: UInt64
    public var sequence: UInt64
    public var isKeyFrame: Bool
    public var unitsSinceKeyFrame: UInt64
    /// Time since its server received it.
    public var age: Nanoseconds

    public init(
      offset: UInt64, node: String, epoch: UInt64, sequence: UInt64, isKeyFrame: Bool, unitsSinceKeyFrame: UInt64,
      age: Nanoseconds = .zero
    ) {
      self.offset = offset
      self.node = node
      self.epoch = epoch
      self.sequence = sequence
      self.isKeyFrame = isKeyFrame
      self.unitsSinceKeyFrame = unitsSinceKeyFrame
      self.age = age
    }
  }

  /// Who wants the stream here.
  public enum Demand: Hashable, Sendable {
    /// Nobody.
    case none
    /// Somebody reads it or waits for it.
    case readers
    /// It has a publisher of its own here.
    case localPublisher
  }

  /// How the stream ends for the readers here.
  public enum End: Hashable, Sendable {
    /// It is held for its publisher.
    case held
    /// Nobody reads it any more.
    case withdrawn
  }

  /// A turn at the stream on some server.
  public struct Turn: Hashable, Sendable {
    public var node: String
    public var epoch: UInt64

    public init(node: String, epoch: UInt64) {
      self.node = node
      self.epoch = epoch
    }

    /// The newer of two turns wins; of equal ones, which only clocks out of step bring about, any fixed one.
    func wins(over other: Turn) -> Bool { (epoch, node) > (other.epoch, other.node) }
  }

  /// What is to be done, in the order of the slots.
  public struct Effects: Equatable, Sendable {
    /// End the publication at the relay.
    public var end: End?
    /// Stop reading.
    public var detach = false
    /// Read from here instead of from wherever was read before.
    public var attach: VideoQueueOffset?
    /// Begin a publication at the relay.
    public var begin: Turn?
    /// Hand the picture on.
    public var publishes = false
    /// Why it is not handed on.
    public var drop: VideoDrop?
    /// Another server has the stream too; said once for each.
    public var conflict: Turn?

    public init() {}
  }

  /// Where reading stands.
  enum State: Hashable {
    /// Nobody asks. Goes to `probing`.
    case idle
    /// Reading from the newest message, which tells where its group of pictures begins. Goes to `seeking` or
    /// `following`.
    case probing
    /// Reading from where a key frame should be. Goes to `seeking` further back, or to `following`.
    case seeking(target: UInt64, steps: Int)
    /// Handing on what comes. Goes to `probing` when nothing comes for long.
    case following
    /// Reading from behind the message that was handed on last. Goes to `following` if that fits, else to `probing`.
    case resuming
    /// Not reading until the time comes. Goes to `resuming` where the offset of the next message is known, else to
    /// `probing`.
    case waiting(until: HostTime, resumesAt: UInt64?)
  }

  /// The picture that was handed on last.
  struct Position: Hashable {
    var turn: Turn
    var sequence: UInt64
    var offset: UInt64
    var at: HostTime
    var awaitsKeyFrame = false
  }

  let parameters: Parameters
  let ownNode: String
  var state = State.idle
  var position: Position?
  /// Whether the relay has a publication of ours.
  var isPublishing = false
  /// The last message of any kind, or the attachment if none came since.
  var heardAt = HostTime(nanos: 0)
  private var wantedAt = HostTime(nanos: 0)
  private var stalls: BackOff
  private var retries: BackOff
  var knownConflicts: Set<String> = []

  /// - Parameter node: this server, whose own pictures do not come back to it.
  public init(node: String, parameters: Parameters = Parameters()) {
    ownNode = node
    self.parameters = parameters
    stalls = BackOff(first: parameters.stall, longest: parameters.longestStall)
    retries = BackOff(first: parameters.retry, longest: parameters.longestRetry)
    stall = stalls.failed()
  }

  /// How long the present reading may be silent.
  private var stall: Nanoseconds

  /// Whether it does nothing, so that it can be given up.
  public var isIdle: Bool { state == .idle }

  // MARK: Events

  /// Time passes. Call it several times a second.
  /// - Parameter isAnnounced: whether a server says that it has the stream.
  public mutating func tick(_ demand: Demand, isAnnounced: Bool, at now: HostTime) -> Effects {
    var effects = Effects()
    switch demand {
    case .readers: wantedAt = now
    case .localPublisher: stop(&effects)
    case .none: if now.since(wantedAt) >= parameters.linger { stop(&effects) }
    }
    endIfSilent(isAnnounced: isAnnounced, at: now, &effects)
    switch state {
    case .idle:
      if demand == .readers { attach(.probing, .last, at: now, &effects) }
    case .waiting(let until, let resumesAt):
      guard now >= until else { break }
      if let resumesAt {
        attach(.resuming, .offset(resumesAt), at: now, &effects)
      } else {
        attach(.probing, .last, at: now, &effects)
      }
    case .following, .seeking, .resuming:
      guard now.since(heardAt) >= stall else { break }
      stall = stalls.failed()
      attach(.probing, .last, at: now, &effects)
    case .probing:
      // An empty queue says nothing, and the first message will come by itself.
      break
    }
    return effects
  }

  /// A message came.
  public mutating func received(_ unit: Unit, at now: HostTime) -> Effects {
    heardAt = now
    retries.succeeded()
    var effects = Effects()
    let verdict = judge(unit, at: now, &effects)
    switch (verdict, state) {
    case (_, .idle), (_, .waiting): break
    case (_, .resuming) where unit.age > parameters.freshness, (.drop(.awaitsKeyFrame), .resuming):
      // Too much was missed, or the queue was truncated: what is shown next is the present.
      effects.drop = .outdated
      attach(.probing, .last, at: now, &effects)
    case (.handOn(let begins), _):
      handOn(unit, begins: begins, at: now, &effects)
      state = .following
    case (.drop(let reason), _):
      effects.drop = reason
      searchOrFollow(unit, reason, at: now, &effects)
      if state == .resuming { state = .following }
    }
    return effects
  }

  /// A message came that is no picture, or a picture that cannot be decoded.
  public mutating func receivedMalformed(at now: HostTime) {
    heardAt = now
    position?.awaitsKeyFrame = true
  }

  /// Reading ended.
  public mutating func ended(_ reason: VideoReadingEnd, at now: HostTime) {
    let resumesAt: UInt64?
    switch state {
    case .idle, .waiting: return
    case .probing: resumesAt = nil
    // A queue that was deleted numbers its messages anew when it is made again.
    case .seeking, .following, .resuming: resumesAt = reason == .connectionLost ? position.map { $0.offset + 1 } : nil
    }
    state = .waiting(until: now.advanced(by: retries.failed()), resumesAt: resumesAt)
  }

  /// The relay refused the publication, or ended it: the stream has another publisher here.
  public mutating func refused(at now: HostTime) -> Effects {
    isPublishing = false
    var effects = Effects()
    position?.awaitsKeyFrame = true
    effects.detach = true
    state = .waiting(until: now.advanced(by: retries.failed()), resumesAt: nil)
    return effects
  }

  // MARK: Reading

  private mutating func attach(
    _ next: State, _ offset: VideoQueueOffset, at now: HostTime, _ effects: inout Effects
  ) {
    state = next
    heardAt = now
    effects.attach = offset
  }

  /// Looks further back for the beginning of the group of pictures, if that makes sense.
  private mutating func searchOrFollow(
    _ unit: Unit, _ reason: VideoDrop, at now: HostTime, _ effects: inout Effects
  ) {
    let (limit, steps): (UInt64?, Int)
    switch state {
    case .probing: (limit, steps) = (nil, parameters.steps)
    case .seeking(let target, let left): (limit, steps) = (target, left)
    case .idle, .following, .resuming, .waiting: return
    }
    state = .following
    let back = unit.unitsSinceKeyFrame
    guard reason == .awaitsKeyFrame, unit.age <= parameters.freshness, steps > 0, back > 0,
      back <= min(parameters.longestGroup, unit.offset)
    else { return }
    let target = unit.offset - back
    // Where the queue was truncated, what was searched for is gone: the search does not go round in circles.
    if let limit, target >= limit { return }
    attach(.seeking(target: target, steps: steps - 1), .offset(target), at: now, &effects)
  }

  private mutating func stop(_ effects: inout Effects) {
    guard state != .idle else { return }
    state = .idle
    position = nil
    effects.detach = true
    if isPublishing { effects.end = .withdrawn }
    isPublishing = false
    stalls.succeeded()
    stall = stalls.failed()
  }

  private mutating func endIfSilent(isAnnounced: Bool, at now: HostTime, _ effects: inout Effects) {
    guard isPublishing, let position else { return }
    guard now.since(position.at) >= (isAnnounced ? parameters.announcedSilence : parameters.silence) else { return }
    isPublishing = false
    self.position?.awaitsKeyFrame = true
    effects.end = .held
  }

  /// Pictures come: the next silence is a first one again.
  mutating func livens() {
    stalls.succeeded()
    stall = stalls.failed()
  }
}
