/// Objects that are somewhere in the world.
public struct WorldObjects: JSONBody, Hashable {
  public static let topic = Topic.worldObjects

  /// The stream that they were seen in.
  public var stream: String?
  public var objects: [Object]
  /// The map that they are all objects of, also where there are none; `nil`: not told, or those of several maps.
  public var map: Int?

  public init(stream: String?, objects: [Object], map: Int? = nil) {
    self.stream = stream
    self.objects = objects
    self.map = map
  }

  /// One object.
  public struct Object: Codable, Hashable, Sendable {
    /// Stays the same as long as the object is kept; never used again.
    public var id: Int
    public var label: String
    /// The tracks it was seen as, the newest last.
    public var trackIDs: [Int]
    /// World axes of the poses: metres, z up, where ``metric``; else the map's own.
    public var position: [Double]
    /// Of the position: 3 × 3, row by row.
    public var covariance: [Double]
    /// `depth`, `triangulation` or `ground`.
    public var method: String
    public var metric: Bool
    public var wgs84: CameraPose.Position?
    /// Metres, or units of the map, a second; zeros for what stands.
    public var velocity: [Double]
    /// Capture times, seconds since 1970.
    public var firstSeen: Double
    public var lastSeen: Double
    /// Frames it was seen in.
    public var observations: Int
    /// Width and height as seen: metres or units of the map.
    public var size: [Double]
    /// Of the place on Earth: east, north, up, m²; 3 × 3, row by row.
    public var covarianceENU: [Double]?
    /// The map that it is in. Objects of two maps have nothing in common but the Earth.
    public var map: Int?

    public init(
      id: Int, label: String, trackIDs: [Int], position: [Double], covariance: [Double], method: String, metric: Bool,
      wgs84: CameraPose.Position?, velocity: [Double], firstSeen: Double, lastSeen: Double, observations: Int,
      size: [Double], covarianceENU: [Double]? = nil, map: Int? = nil
    ) {
      self.id = id
      self.label = label
      self.trackIDs = trackIDs
      self.position = position
      self.covariance = covariance
      self.method = method
      self.metric = metric
      self.wgs84 = wgs84
      self.velocity = velocity
      self.firstSeen = firstSeen
      self.lastSeen = lastSeen
      self.observations = observations
      self.size = size
      self.covarianceENU = covarianceENU
      self.map = map
    }

    enum CodingKeys: String, CodingKey {
      case id, label, position, covariance, method, metric, wgs84, velocity, observations, size, map
      case trackIDs = "track_ids"
      case firstSeen = "first_seen"
      case lastSeen = "last_seen"
      case covarianceENU = "covariance_enu"
    }
  }
}

/// Objects on a map of the Earth: GeoJSON (RFC 7946), a point for each object whose place on Earth is known.
public struct ObjectsGeoJSON: Encodable, Sendable {
  struct Feature: Encodable {
    struct Point: Encodable {
      var type = "Point"
      /// Longitude, latitude, altitude.
      var coordinates: [Double]
    }

    struct Properties: Encodable {
      var stream: String?
      var object: WorldObjects.Object

      func encode(to encoder: any Encoder) throws {
        try object.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(stream, forKey: .stream)
      }

      enum Key: String, CodingKey { case stream }
    }

    var type = "Feature"
    var id: Int
    var geometry: Point
    var properties: Properties
  }

  var type = "FeatureCollection"
  var features: [Feature]

  public init(_ lists: [WorldObjects]) {
    features = lists.flatMap { list in
      list.objects.compactMap { object in
        guard let place = object.wgs84 else { return nil }
        return Feature(
          id: object.id, geometry: .init(coordinates: [place.longitude, place.latitude, place.altitude]),
          properties: .init(stream: list.stream, object: object))
      }
    }
  }

  enum CodingKeys: String, CodingKey { case type, features }
}
