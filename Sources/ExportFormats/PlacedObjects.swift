import Geometry
import MediaModel
public import SessionEvents

/// The objects of a session whose place on Earth is known, each as it was last told: what the formats of maps have of
/// them.
public struct PlacedObjects: Sendable {
  /// More than that are not kept: those with the smallest identifiers, the oldest, go.
  public static let limit = 4_096

  private var places: [Int: SessionEvent.Place] = [:]

  public init() {}

  /// Ordered by their identifiers.
  public var all: [SessionEvent.Place] { places.keys.sorted().compactMap { places[$0] } }

  /// Takes all objects of the map that the camera is in. One of that map that is not among them any more was the same as
  /// another, and goes; those of other maps stay. A list that is full says nothing of those that it lacks.
  public mutating func add(_ list: [SessionEvent.Place]) {
    guard let map = list.first?.map else { return }
    if list.count < SessionEventReader.placeLimit {
      let present = Set(list.map(\.object))
      places = places.filter { $0.value.map != map || present.contains($0.key) }
    }
    for place in list where place.earth != nil { places[place.object] = place }
    if places.count > Self.limit {
      for object in places.keys.sorted().prefix(places.count - Self.limit) { places[object] = nil }
    }
  }
}

extension SessionEvent.Place {
  /// What a map calls it.
  var title: String { "\(label) \(object)" }
}
