public import Geometry
public import MediaModel
public import SessionEvents

/// The positions of one session, in the order of their times: what the formats of maps have of it.
public struct FlightTrack: Hashable, Sendable {
  /// After so long without a fix a new segment begins.
  public static let longestGap = Nanoseconds.seconds(10)

  /// What the track is called.
  public var name: String
  /// Positions whose times rise, none of them the same.
  public private(set) var locations: [SessionEvent.Location] = []

  public init(name: String) { self.name = name }

  /// Takes the next position. One that is no place on earth, or not later than the last, is left out.
  /// - Returns: whether it was taken.
  @discardableResult public mutating func add(_ location: SessionEvent.Location) -> Bool {
    guard (-90...90).contains(location.latitudeDegrees), (-180...180).contains(location.longitudeDegrees),
      location.altitudeMetres?.isFinite ?? true, locations.last.map({ $0.time < location.time }) ?? true
    else { return false }
    locations.append(location)
    return true
  }

  /// The positions, cut where there was none for ``longestGap``.
  public var segments: [ArraySlice<SessionEvent.Location>] {
    guard !locations.isEmpty else { return [] }
    var segments: [ArraySlice<SessionEvent.Location>] = []
    var start = 0
    for index in locations.indices.dropFirst()
    where locations[index].time.since(locations[index - 1].time) > Self.longestGap {
      segments.append(locations[start..<index])
      start = index
    }
    return segments + [locations[start...]]
  }

  /// The length of all segments, metres, heights among it.
  public var lengthMetres: Double {
    segments.reduce(0) { sum, segment in
      sum + zip(segment, segment.dropFirst()).reduce(0) { $0 + Self.distance($1.0, $1.1) }
    }
  }

  /// Straight, through the earth: of fixes a second apart the difference to the arc is below a nanometre.
  static func distance(_ first: SessionEvent.Location, _ second: SessionEvent.Location) -> Double {
    let way = second.geodetic.earthCentred - first.geodetic.earthCentred
    return (way * way).sum().squareRoot()
  }

  /// Smallest and largest latitude and longitude of the track and of objects, degrees; `nil` where there are none.
  func bounds(
    with objects: [SessionEvent.Place]
  ) -> (south: Double, west: Double, north: Double, east: Double)? {
    let places =
      locations.lazy.map { SIMD2($0.latitudeDegrees, $0.longitudeDegrees) }
      + objects.compactMap { $0.earth.map { SIMD2($0.latitudeDegrees, $0.longitudeDegrees) } }
    guard var low = places.first else { return nil }
    var high = low
    for place in places {
      low = pointwiseMin(low, place)
      high = pointwiseMax(high, place)
    }
    return (low.x, low.y, high.x, high.y)
  }
}

extension SessionEvent.Location {
  /// The place; a height that is not known counts as that of the ellipsoid.
  public var geodetic: GeodeticPosition {
    GeodeticPosition(
      latitudeDegrees: latitudeDegrees, longitudeDegrees: longitudeDegrees, altitudeMetres: altitudeMetres ?? 0)
  }
}
