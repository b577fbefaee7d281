public import MediaModel

/// What is kept of objects, and how much.
public struct ViewKeepingOptions: Hashable, Sendable {
  /// How much more than its box is cut out: this part of its width and of its height.
  public var padding: Float = 0.2
  /// Views kept of each object, the latest; an object is ready once it has so many.
  public var viewsKept = 30
  /// Objects whose box has a shorter side are too small to show anything, pixels.
  public var smallestSide: Float = 16
  /// A view less sharp than this part of the median of those kept is left out.
  public var leastSharpness: Float = 0.5
  /// A view exposed worse than this is left out.
  public var leastExposure: Float = 0.1
  /// Objects kept; one more, and the one that was seen longest ago goes.
  public var objectsKept = 64
  /// Bytes of all views; more, and the object that was seen longest ago goes. A crop of 200×200 pixels with its mask
  /// takes 100 kB, so that 64 objects of 30 such views fit in 192 MB.
  public var bytesKept = 256 << 20

  public init() {}
}

/// Keeps the latest good views of each object that is followed, and says when there are enough to work with.
///
/// Memory is bounded by ``ViewKeepingOptions``: of objects and bytes too many, the object that was seen longest ago goes.
public struct ObjectViewKeeper: Sendable {
  /// Why a view was not kept.
  public enum Rejection: String, Sendable, CaseIterable {
    /// The object was not seen in this frame.
    case unseen
    case small
    case blurred
    case exposure
  }

  /// What happened so far.
  public struct Counts: Hashable, Sendable {
    public var kept = 0
    /// By the order of `Rejection.allCases`.
    public fileprivate(set) var rejected = [Int](repeating: 0, count: Rejection.allCases.count)
    /// Objects that went because there were too many, or too many bytes.
    public var objectsDropped = 0

    public func rejected(_ reason: Rejection) -> Int { rejected[Self.place(reason)] }

    fileprivate static func place(_ reason: Rejection) -> Int { Rejection.allCases.firstIndex(of: reason) ?? 0 }
  }

  private struct Entry: Sendable {
    var views: [ObjectView] = []
    var bytes = 0
    /// The call in which it was last seen.
    var lastSeen = 0
    var wasReady = false
  }

  public let options: ViewKeepingOptions
  public private(set) var counts = Counts()
  /// Bytes of all views.
  public private(set) var byteCount = 0
  private var entries: [Int: Entry] = [:]
  private var calls = 0

  public init(_ options: ViewKeepingOptions = ViewKeepingOptions()) { self.options = options }

  /// Objects of which views are kept, ascending.
  public var objects: [Int] { entries.keys.sorted() }

  /// Takes a frame with its objects.
  ///
  /// - Returns: the objects that are ready with this frame, ascending; each is ready once.
  /// - Complexity: O(pixels of the boxes + runs of the masks): a copy of each crop, and a pass over it.
  public mutating func take(
    _ picture: Picture, _ objects: [TrackedObject], number: Int, at nanos: Int64
  ) -> [Int] {
    calls += 1
    var ready: [Int] = []
    for object in objects {
      switch assess(picture, object, number: number, at: nanos) {
      case .failure(let reason): counts.rejected[Counts.place(reason.value)] += 1
      case .success(let view): if keep(view, of: object.id) { ready.append(object.id) }
      }
    }
    dropWhatIsTooMuch()
    return ready.filter { entries[$0] != nil }.sorted()
  }

  /// The views of an object, oldest first; empty where none are kept.
  public func views(of id: Int) -> [ObjectView] { entries[id]?.views ?? [] }

  /// Forgets an object.
  public mutating func forget(_ id: Int) {
    guard let entry = entries.removeValue(forKey: id) else { return }
    byteCount -= entry.bytes
  }

  private struct Refusal: Error {
    var value: Rejection
  }

  private func assess(
    _ picture: Picture, _ object: TrackedObject, number: Int, at nanos: Int64
  ) -> Result<ObjectView, Refusal> {
    guard object.sighting != .predicted else { return .failure(Refusal(value: .unseen)) }
    let box = object.box
    guard min(box.z - box.x, box.w - box.y) >= options.smallestSide else {
      return .failure(Refusal(value: .small))
    }
    guard let view = ObjectView(picture, object, padding: options.padding, frameNumber: number, at: nanos) else {
      return .failure(Refusal(value: .unseen))
    }
    guard view.quality.exposure >= options.leastExposure else { return .failure(Refusal(value: .exposure)) }
    let known = entries[object.id]?.views.map(\.quality.sharpness).sorted() ?? []
    // A median of few says little.
    if known.count >= 5, view.quality.sharpness < options.leastSharpness * known[known.count / 2] {
      return .failure(Refusal(value: .blurred))
    }
    return .success(view)
  }

  /// - Returns: whether the object has enough views now, for the first time.
  private mutating func keep(_ view: ObjectView, of id: Int) -> Bool {
    var entry = entries.removeValue(forKey: id) ?? Entry()
    entry.views.append(view)
    entry.lastSeen = calls
    var change = view.byteCount
    if entry.views.count > max(1, options.viewsKept) { change -= entry.views.removeFirst().byteCount }
    entry.bytes += change
    byteCount += change
    counts.kept += 1
    let isReady = !entry.wasReady && entry.views.count >= options.viewsKept
    if isReady { entry.wasReady = true }
    entries[id] = entry
    return isReady
  }

  private mutating func dropWhatIsTooMuch() {
    while entries.count > options.objectsKept || (byteCount > options.bytesKept && entries.count > 1) {
      // The order of a dictionary plays no part: no two objects have the same time and number.
      guard let oldest = entries.min(by: { ($0.value.lastSeen, $0.key) < ($1.value.lastSeen, $1.key) })?.key else {
        return
      }
      forget(oldest)
      counts.objectsDropped += 1
    }
  }
}
