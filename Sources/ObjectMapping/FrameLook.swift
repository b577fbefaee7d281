internal import Geometry

/// Turns what was seen in one frame into rays.
struct FrameLook {
  let frame: MapFrame
  let worldFromCamera: SE3
  let options: ObjectMapOptions
  /// In units of the map; `nil` where that is not known.
  let metre: Double?
  var ground: GroundModel?

  init(_ frame: MapFrame, _ worldFromCamera: SE3, options: ObjectMapOptions, metre: Double?) {
    self.frame = frame
    self.worldFromCamera = worldFromCamera
    self.options = options
    self.metre = metre
  }

  /// The line that an object's middle is on. `nil` for what the edge of the picture cuts off: its middle is elsewhere.
  func ray(of sighting: ObjectSighting) -> Ray? {
    let box = sighting.box
    let (width, height) = (box.z - box.x, box.w - box.y)
    let camera = frame.camera
    guard width > 0, height > 0, width.isFinite, height.isFinite, box.x > 1, box.y > 1,
      box.z < Double(camera.width) - 1, box.w < Double(camera.height) - 1
    else { return nil }
    let middle = SIMD2(box.x + box.z, box.y + box.w) / 2 - 0.5
    let pixel = sighting.mask?.centroid ?? middle
    guard let inCamera = camera.unproject(pixel)?.normalized else { return nil }
    let edges = [SIMD2(box.x, pixel.y), SIMD2(box.z, pixel.y), SIMD2(pixel.x, box.y), SIMD2(pixel.x, box.w)].map {
      camera.unproject($0 - 0.5)?.normalized
    }
    guard let left = edges[0], let right = edges[1], let top = edges[2], let bottom = edges[3] else { return nil }
    let extent = SIMD2((left - right).norm, (top - bottom).norm)
    let diagonal = (extent * extent).sum().squareRoot()
    let perPixel = diagonal / (width * width + height * height).squareRoot()
    let common = options.centreDeviation * diagonal
    let pixelAngle = options.pixelDeviation * perPixel
    let squares = pixelAngle * pixelAngle + common * common + options.attitudeDeviation * options.attitudeDeviation
    return Ray(
      nanos: frame.nanos, origin: worldFromCamera.translation, direction: worldFromCamera.rotation * inCamera,
      deviation: squares.squareRoot(), commonDeviation: common, extent: extent)
  }

  /// How far an object is by the points in it, or by the ground.
  func range(of sighting: ObjectSighting, _ ray: Ray, _ view: PointView?) -> Ray.Range? {
    let smaller = min(ray.extent.x, ray.extent.y)
    let typical = (ray.extent.x * ray.extent.y).squareRoot()
    let depth = view?.range(of: sighting, halfSize: { 0.5 * typical * $0 })
    let onGround = groundRange(of: sighting, ray, smaller)
    guard let depth, let onGround else { return depth ?? onGround }
    // What is farther than the ground was seen past the object.
    return depth.distance < onGround.distance + 2 * onGround.deviation ? depth : onGround
  }

  private func groundRange(of sighting: ObjectSighting, _ ray: Ray, _ smaller: Double) -> Ray.Range? {
    ground?.range(
      from: ray.origin, along: ray.direction, attitudeDeviation: options.attitudeDeviation
    ) { distance in
      let seen = smaller * distance
      guard let metre, let height = Self.usualHeight(sighting.label) else {
        return GroundModel.Height(value: 0.35 * seen, deviation: 0.25 * seen)
      }
      return GroundModel.Height(value: 0.5 * height * metre, deviation: 0.15 * height * metre)
    }
  }

  /// How high things with this name are, metres, for how far their middle is above the ground.
  static func usualHeight(_ label: String) -> Double? {
    let heights = [
      ("person", 1.7), ("pedestrian", 1.7), ("man", 1.7), ("woman", 1.7), ("child", 1.2), ("bicycle", 1.1),
      ("motorcycle", 1.2), ("car", 1.5), ("van", 2.0), ("truck", 3.0), ("bus", 3.1),
    ]
    let words = label.lowercased().split { !$0.isLetter }
    return heights.first { name, _ in words.contains { $0 == name } }?.1
  }
}
