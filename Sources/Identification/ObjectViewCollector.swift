public import MediaModel
public import ObjectViews
import Synchronization

/// Keeps the views of the objects of one stream, and hands each object on once there are enough of it.
public final class ObjectViewCollector: Sendable {
  private let stream: String
  private let keeper: Mutex<ObjectViewKeeper>
  private let metrics = IdentificationMetrics()
  private let ready: @Sendable (_ stream: String, _ id: Int, _ label: String, _ views: [ObjectView]) -> Void

  /// - Parameters:
  ///   - stream: what else than letters, digits and `-` is in it becomes `_`.
  ///   - ready: gets each object that is ready, once.
  public init(
    stream: String, options: ViewKeepingOptions = ViewKeepingOptions(),
    ready: @escaping @Sendable (_ stream: String, _ id: Int, _ label: String, _ views: [ObjectView]) -> Void
  ) {
    self.stream = String(stream.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" })
    keeper = Mutex(ObjectViewKeeper(options))
    self.ready = ready
  }

  /// Takes a frame with its objects. Costs a copy of each object's pixels.
  public func saw(_ objects: [TrackedObject], in picture: Picture, number: Int, at nanos: Int64) {
    let (done, counts) = keeper.withLock { keeper in
      let before = keeper.counts
      let ids = keeper.take(picture, objects, number: number, at: nanos)
      return (ids.map { ($0, keeper.views(of: $0)) }, (before, keeper.counts))
    }
    metrics.countViews(from: counts.0, to: counts.1)
    for (id, views) in done { ready(stream, id, objects.first { $0.id == id }?.label ?? "", views) }
  }
}
