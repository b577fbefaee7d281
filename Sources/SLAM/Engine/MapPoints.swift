/// The points of a map by identifier, and which of them each key frame sees, so that what concerns a few key frames
/// takes no longer in a large map than in a small one.
///
/// Observations may be taken out of a point and appended to it; those that it has are never replaced by others.
public struct MapPoints: ExpressibleByDictionaryLiteral, Sendable {
  private var points: [Int: MapPoint]
  /// For each key frame the points that it sees, and some that it does not see any more.
  private var noted: [[Int]] = []

  public init(dictionaryLiteral elements: (Int, MapPoint)...) {
    points = [:]
    for (identifier, point) in elements { self[identifier] = point }
  }

  public var count: Int { points.count }
  public var isEmpty: Bool { points.isEmpty }
  /// Over all points.
  var observationCount: Int { points.values.reduce(0) { $0 + $1.observations.count } }
  /// Of all points, in no order.
  var keys: Dictionary<Int, MapPoint>.Keys { points.keys }
  /// In the order of their identifiers.
  public var all: [MapPoint] { identifiers.compactMap { points[$0] } }
  /// Ascending.
  public var identifiers: [Int] { points.keys.sorted() }

  public subscript(identifier: Int) -> MapPoint? {
    get { points[identifier] }
    _modify {
      let known = points[identifier]?.observations.count ?? 0
      yield &points[identifier]
      note(identifier, since: known)
    }
  }

  private mutating func note(_ identifier: Int, since known: Int) {
    guard let observations = points[identifier]?.observations, observations.count > known else { return }
    for observation in observations[known...] {
      while noted.count <= observation.keyFrame { noted.append([]) }
      noted[observation.keyFrame].append(identifier)
    }
  }

  /// The points that key frames see, ascending.
  public func seen(by keyFrames: some Sequence<Int>) -> [Int] {
    var identifiers: [Int] = []
    for keyFrame in keyFrames where keyFrame < noted.count {
      identifiers += noted[keyFrame].filter { points[$0]?.isSeen(by: keyFrame) == true }
    }
    identifiers.sort()
    var last: Int?
    identifiers.removeAll { identifier in
      defer { last = identifier }
      return identifier == last
    }
    return identifiers
  }

  /// Takes a key frame's observations out, and with them points that fewer than two others see.
  public mutating func forget(keyFrame: Int) {
    for identifier in seen(by: CollectionOfOne(keyFrame)) {
      points[identifier]?.observations.removeAll { $0.keyFrame == keyFrame }
      if let count = points[identifier]?.observations.count, count < 2 { points[identifier] = nil }
    }
    if keyFrame < noted.count { noted[keyFrame] = [] }
  }
}
