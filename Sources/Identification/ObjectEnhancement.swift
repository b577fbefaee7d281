public import Clocks
import DequeModule
import Foundation
import JPEG
public import Logging
import MediaModel
public import ObjectViews
import Observability
public import ServiceLifecycle
import Synchronization
import Threading

/// Makes the views of objects into pictures, keeps those in a folder, and hands them on to be identified.
///
/// On a thread of its own: one object takes from a tenth of a second to some seconds. Objects wait in a bounded queue; of
/// too many the oldest goes, and is counted.
public final class ObjectEnhancement: Service {
  public struct Configuration: Sendable {
    public var enhancement = EnhancementOptions()
    /// Objects that wait, at most: each has 30 views, some megabytes.
    public var waiting = 8
    /// Where pictures are kept, as `<stream>_object_<id>.jpg`; `nil`: nowhere.
    public var folder: String?
    /// Pictures that stay in the folder; of more, the oldest of this process goes.
    public var filesKept = 1_000
    /// Under this URL anybody can load what is in the folder; `nil` where nobody can.
    public var publicBase: String?
    public var quality = 90

    public init() {}
  }

  private struct Work: Sendable {
    var stream: String
    var id: Int
    var label: String
    var views: [ObjectView]
  }

  private let configuration: Configuration
  private let next: @Sendable (IdentificationSubject) -> Void
  private let clocks: SystemClocks
  private let logger: Logger
  private let metrics = IdentificationMetrics()
  private let queue = Mutex<Deque<Work>>([])
  private let wakeUps: AsyncStream<Void>
  private let wakeUp: AsyncStream<Void>.Continuation

  /// - Parameter next: takes each object with its picture.
  public init(
    _ configuration: Configuration = Configuration(), clocks: SystemClocks = .system, logger: Logger,
    next: @escaping @Sendable (IdentificationSubject) -> Void
  ) {
    (self.configuration, self.clocks, self.logger, self.next) = (configuration, clocks, logger, next)
    // One wake-up says all that several would.
    (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Puts an object in line. Never waits.
  /// - Parameter stream: the name of the stream that it is seen in; letters, digits, `-` and `_`.
  public func submit(stream: String, id: Int, label: String, views: [ObjectView]) {
    let isOneLess = queue.withLock { queue in
      queue.append(Work(stream: stream, id: id, label: label, views: views))
      guard queue.count > max(1, configuration.waiting) else { return false }
      queue.removeFirst()
      return true
    }
    if isOneLess { metrics.countDroppedEnhancement() }
    wakeUp.yield()
  }

  /// Takes no more objects: what waits is worked off, then ``run()`` returns.
  public func finish() { wakeUp.finish() }

  /// Works until the task is cancelled or the service group shuts down.
  public func run() async throws {
    let thread = ThreadExecutor(name: "object views")
    let files = Mutex<Deque<String>>([])
    await withTaskCancellationOrGracefulShutdownHandler {
      for await _ in wakeUps {
        while !Task.isShuttingDownGracefully, !Task.isCancelled,
          let work = queue.withLock({ $0.popFirst() })
        {
          do {
            let subject = try await thread.run { try self.make(work, files) }
            if let subject { next(subject) }
          } catch {
            logger.warning("a picture of an object cannot be kept", metadata: [.error: "\(type(of: error))"])
          }
        }
      }
    } onCancelOrGracefulShutdown: {
      self.wakeUp.finish()
    }
  }

  private func make(_ work: Work, _ files: borrowing Mutex<Deque<String>>) throws -> IdentificationSubject? {
    let start = clocks.host()
    guard let result = ViewEnhancer(configuration.enhancement).enhance(work.views) else { return nil }
    let jpeg = try JPEGEncoder().encode(result.image.picture(), quality: configuration.quality)
    metrics.recordEnhancement(clocks.host().since(start))
    var subject = IdentificationSubject(
      objectID: work.id, label: work.label, jpeg: jpeg, hash: PerceptualHash(result.image))
    guard let folder = configuration.folder else { return subject }
    let name = "\(work.stream)_object_\(work.id).jpg"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(jpeg).write(to: URL(fileURLWithPath: folder).appendingPathComponent(name), options: .atomic)
    } catch {
      // It can be identified without the file, but not by who loads it from there.
      logger.warning("a picture of an object cannot be kept", metadata: [.error: "\(type(of: error))"])
      return subject
    }
    let old = files.withLock { files in
      files.append(name)
      return files.count > max(1, configuration.filesKept) ? files.popFirst() : nil
    }
    if let old { try? FileManager.default.removeItem(atPath: "\(folder)/\(old)") }
    subject.publicURL = configuration.publicBase.map { $0.hasSuffix("/") ? $0 + name : "\($0)/\(name)" }
    return subject
  }
}
