public import MediaModel

/// The files that one phone has under way: parts come in, writing comes out in order.
public struct UploadDesk: Sendable {
  /// Names a file under way, within one desk.
  public typealias ID = UInt64

  /// What is to be done on disk, in this order.
  public enum Action: Hashable, Sendable {
    case begin(ID, UploadFileName)
    case append(ID, String)
    /// The file is whole: give it its name, and tell the phone, which calls it `given`.
    case commit(ID, given: String)
    /// Forget the file.
    case discard(ID)
  }

  /// A file that will not be written.
  public struct Failure: Hashable, Sendable {
    /// As the phone gave it.
    public var name: String
    public var problem: UploadProblem
  }

  /// What a call brought about.
  public struct Effects: Hashable, Sendable {
    public var actions: [Action] = []
    public var failures: [Failure] = []
    /// Parts that came twice.
    public var repeated = 0
  }

  private struct Upload: Sendable {
    var id: ID
    var name: UploadFileName
    /// How many parts, if the phone says so.
    var chunks: Int?
    /// The part that is written next; `nil` until it is clear whether the phone counts from 0 or from 1.
    var next: Int?
    /// Parts that were written.
    var written = 0
    var early: [Int: String] = [:]
    var earlyBytes = 0
    var bytes = 0
    var lastHeard: HostTime
  }

  private let limits: UploadLimits
  /// By the name as the phone gives it.
  private var uploads: [String: Upload] = [:]
  private var lastID: ID = 0

  public init(limits: UploadLimits = UploadLimits()) { self.limits = limits }

  /// Files under way.
  public var openCount: Int { uploads.count }

  /// When ``deadlineReached(at:)`` wants to be called.
  public var nextDeadline: HostTime? { uploads.values.map(\.lastHeard).min()?.advanced(by: limits.timeout) }

  /// Takes a message.
  public mutating func received(_ message: UploadMessage, at now: HostTime) -> Effects {
    var effects = Effects()
    let name: String
    switch message {
    case .whole(let given, _), .start(let given, _), .chunk(let given, _, _), .complete(let given, _): name = given
    }
    do throws(UploadProblem) {
      switch message {
      case .whole(_, let content): try whole(name, content, &effects)
      case .start(_, let chunks): try start(name, chunks, at: now, &effects)
      case .chunk(_, let index, let content): try chunk(name, index, content, at: now, &effects)
      case .complete(_, let chunks): try complete(name, chunks, &effects)
      }
    } catch {
      if error != .alreadyOpen, let upload = uploads.removeValue(forKey: name) {
        effects.actions.append(.discard(upload.id))
      }
      effects.failures.append(Failure(name: name, problem: error))
    }
    return effects
  }

  /// Gives up files of which nothing was heard for too long.
  public mutating func deadlineReached(at now: HostTime) -> Effects {
    let timeout = limits.timeout
    return abandon { now.since($0.lastHeard) >= timeout }
  }

  /// Gives up all files: the phone is gone.
  public mutating func finish() -> Effects { abandon { _ in true } }

  private mutating func abandon(_ isOver: (Upload) -> Bool) -> Effects {
    var effects = Effects()
    for (name, upload) in uploads.sorted(by: { $0.value.id < $1.value.id }) where isOver(upload) {
      uploads[name] = nil
      effects.actions.append(.discard(upload.id))
      effects.failures.append(Failure(name: name, problem: .abandoned))
    }
    return effects
  }

  private mutating func whole(_ name: String, _ content: String, _ effects: inout Effects) throws(UploadProblem) {
    let file = try UploadFileName(name)
    guard uploads[name] == nil else { throw .alreadyOpen }
    guard content.utf8.count <= limits.fileBytes else { throw .tooLarge }
    lastID += 1
    effects.actions += [.begin(lastID, file), .append(lastID, content), .commit(lastID, given: name)]
  }

  private mutating func start(
    _ name: String, _ chunks: Int?, at now: HostTime, _ effects: inout Effects
  ) throws(UploadProblem) {
    let file = try UploadFileName(name)
    guard uploads[name] == nil else { throw .alreadyOpen }
    guard uploads.count < limits.open else { throw .tooManyOpen }
    lastID += 1
    uploads[name] = Upload(id: lastID, name: file, chunks: chunks, lastHeard: now)
    effects.actions.append(.begin(lastID, file))
  }

  private mutating func chunk(
    _ name: String, _ index: Int, _ content: String, at now: HostTime, _ effects: inout Effects
  ) throws(UploadProblem) {
    guard var upload = uploads[name] else { throw .notStarted }
    upload.lastHeard = now
    if index < upload.next ?? 0 || upload.early[index] != nil {
      effects.repeated += 1
    } else {
      upload.bytes += content.utf8.count
      guard upload.bytes <= limits.fileBytes else { throw .tooLarge }
      upload.early[index] = content
      upload.earlyBytes += content.utf8.count
      if upload.early[0] != nil { upload.next = upload.next ?? 0 }
      write(&upload, &effects)
      if isTooFarAhead(upload) {
        // Part 0 is nowhere to be seen: this phone counts from 1.
        guard upload.next == nil, upload.early[1] != nil else { throw .tooFarAhead }
        upload.next = 1
        write(&upload, &effects)
        guard !isTooFarAhead(upload) else { throw .tooFarAhead }
      }
    }
    uploads[name] = upload
  }

  private mutating func complete(_ name: String, _ chunks: Int?, _ effects: inout Effects) throws(UploadProblem) {
    guard var upload = uploads[name] else { throw .notStarted }
    if upload.next == nil, upload.early[1] != nil { upload.next = 1 }
    write(&upload, &effects)
    guard upload.early.isEmpty, upload.written == chunks ?? upload.chunks ?? upload.written else {
      throw .missingChunks
    }
    uploads[name] = nil
    effects.actions.append(.commit(upload.id, given: name))
  }

  private func isTooFarAhead(_ upload: Upload) -> Bool {
    upload.early.count > limits.heldChunks || upload.earlyBytes > limits.heldBytes
  }

  private func write(_ upload: inout Upload, _ effects: inout Effects) {
    while let next = upload.next, let content = upload.early.removeValue(forKey: next) {
      effects.actions.append(.append(upload.id, content))
      upload.earlyBytes -= content.utf8.count
      upload.next = next + 1
      upload.written += 1
    }
  }
}
