import Geometry
import MediaModel

/// Renders a flight's pictures: rasterises faces into a visibility buffer, then shades every pixel once.
///
/// One renderer draws one picture at a time, on the thread that calls it; it keeps its buffers between pictures:
/// per picture it allocates the picture and a list of what moves. The picture is Y'CbCr ITU-R BT.709, video range; pixel centres lie at whole
/// coordinates, as in `PinholeCamera`.
public final class FlightRenderer {
  public let world: FlightWorld
  public let camera: PinholeCamera
  private let intrinsics: RenderIntrinsics
  let visibility: VisibilityBuffer
  private let faces: UnsafeMutablePointer<FrameFace>
  private var faceCount = 0
  private let lightBytes: UnsafeMutablePointer<UInt8>
  private let scratch: UnsafeMutablePointer<SIMD2<Double>>
  private let clipped: UnsafeMutablePointer<SIMD3<Float>>
  private var stampedRows: [GroundShadow] = []
  private let skyFace: TextureID
  private let paintTexture: TextureID

  /// Nearest distance that is drawn, metres.
  private static let near: Float = 0.25

  /// - Parameters:
  ///   - camera: a pinhole camera without distortion and with square pixels.
  public init(world: FlightWorld, camera: PinholeCamera) {
    precondition(
      camera.distortion == .none && camera.focalLength.x == camera.focalLength.y,
      "planes are affine on the screen only without distortion")
    self.world = world
    self.camera = camera
    intrinsics = RenderIntrinsics(
      focalLength: Float(camera.focalLength.x), centre: SIMD2<Float>(camera.principalPoint))
    visibility = VisibilityBuffer(width: camera.width, height: camera.height)
    faces = allocateLarge(world.faceLimit + 1, of: FrameFace.self)
    lightBytes = allocateLarge(world.lightBytes.count, of: UInt8.self)
    lightBytes.initialize(from: world.lightBytes.baseAddress!, count: world.lightBytes.count)
    scratch = .allocate(capacity: 8)
    clipped = .allocate(capacity: 8)
    skyFace = TextureSet.id(.clouds)
    paintTexture = TextureSet.id(.paint)
  }

  deinit {
    UnsafeMutableRawPointer(faces).deallocate()
    UnsafeMutableRawPointer(lightBytes).deallocate()
    scratch.deallocate()
    clipped.deallocate()
  }

  /// Draws what the camera sees at `time` (of everything that moves) from `worldFromCamera`.
  public func render(worldFromCamera: SE3, time: Double) -> Picture {
    drawFaces(worldFromCamera, time: time)
    return shadeFrame(worldFromCamera)
  }

  // MARK: Visibility

  private func drawFaces(_ worldFromCamera: SE3, time: Double) {
    visibility.clear()
    faceCount = 0
    let view = WorldView(worldFromCamera, intrinsics: intrinsics, width: camera.width, height: camera.height)
    var movers = world.traffic.placements(at: time)
    for index in movers.indices {
      let probe = movers[index].position + SIMD3(0, 0, 1.5)
      movers[index].sunlight = world.heights.sunlight(at: probe)
    }
    castMovingShadows(movers)
    for mesh in world.scenery where view.sees(mesh.centre, radius: mesh.radius) {
      guard (mesh.centre - view.eye).norm < mesh.reach + mesh.radius else { continue }
      let meshView = MeshView(rows: view.rows, eye: view.eye, scale: 1)
      draw(mesh, meshView, paint: .none, instance: -1, light: .none)
    }
    world.fixtures.withUnsafeBufferPointer { fixtures in
      for index in fixtures.indices { draw(fixtures[index], view) }
    }
    movers.withUnsafeBufferPointer { movers in
      for index in movers.indices { draw(movers[index], view) }
    }
  }

  private func draw(_ placement: Placement, _ view: WorldView) {
    let centre = placement.position + placement.near.centre.z * placement.scale * SIMD3(0, 0, 1)
    let reach = (placement.near.radius + abs(placement.near.centre.x) + abs(placement.near.centre.y)) * placement.scale
    guard view.sees(centre, radius: reach) else { return }
    let (c, s) = (placement.heading.x, placement.heading.y)
    let offset = view.eye - placement.position
    // Into the mesh's axes, which are turned by the heading.
    let eye = SIMD3(c * offset.x + s * offset.y, c * offset.y - s * offset.x, offset.z) / placement.scale
    func turned(_ row: SIMD3<Float>) -> SIMD3<Float> {
      SIMD3(c * row.x + s * row.y, c * row.y - s * row.x, row.z) * placement.scale
    }
    let meshView = MeshView(
      rows: (turned(view.rows.0), turned(view.rows.1), turned(view.rows.2)), eye: eye, scale: placement.scale)
    let distance = offset.norm
    var mesh = distance > placement.farDistance ? placement.far : placement.near
    if distance > placement.speckDistance, let speck = placement.speck { mesh = speck }
    let sun = Lighting.sun
    let light = MovingLight(
      sun: SIMD3(c * sun.x + s * sun.y, c * sun.y - s * sun.x, sun.z), sunlight: placement.sunlight)
    draw(mesh, meshView, paint: placement.paint, instance: placement.instance, light: light)
  }

  /// The sun in the axes of a mesh that moves.
  private struct MovingLight {
    var sun: SIMD3<Float>
    /// Negative for what stands still: its faces were lit when they were built.
    var sunlight: Float

    static let none = MovingLight(sun: Lighting.sun, sunlight: -1)

    var isMoving: Bool { sunlight >= 0 }

    func brightness(_ normal: SIMD3<Float>) -> Float {
      Lighting.ambient(normal) + Lighting.sunStrength * max(0, normal.dot(sun)) * sunlight
    }
  }

  private func draw(_ mesh: Mesh, _ view: MeshView, paint: Tint, instance: Int32, light: MovingLight) {
    let all = world.faces.baseAddress!
    for index in mesh.faces {
      let face = all + index
      let plane = face.pointee.plane
      let normal = SIMD3(plane.x, plane.y, plane.z)
      // Distance of the plane beyond the eye, along its normal: positive where we see its back.
      let beyond = plane.w - normal.dot(view.eye)
      guard beyond < -1e-5 else { continue }
      let count = project(face, view)
      guard count >= 3 else { continue }
      let depth = intrinsics.pixelFunction(view.rotate(normal) / (beyond * view.scale * view.scale))
      let number = faceCount
      faceCount += 1
      visibility.draw(scratch, count: count, depth: depth, number: Int32(number))
      setUp(face, depth: depth, view, at: number, paint: paint, instance: instance, light: light, normal: normal)
    }
  }

  /// Clips a face at the near plane and projects it into `scratch`; the number of corners, or 0 when it is off screen.
  private func project(_ face: UnsafePointer<Face>, _ view: MeshView) -> Int {
    let corners = face.pointee.corners
    var count = Int(face.pointee.cornerCount)
    var points = (
      view.rotate(corners.0 - view.eye), view.rotate(corners.1 - view.eye), view.rotate(corners.2 - view.eye),
      view.rotate(corners.3 - view.eye)
    )
    let near = Self.near
    let behind = SIMD4<Float>(points.0.z, points.1.z, points.2.z, count == 4 ? points.3.z : points.2.z)
    if behind.max() < near { return 0 }
    if behind.min() >= near {
      clipped[0] = points.0
      clipped[1] = points.1
      clipped[2] = points.2
      clipped[3] = points.3
    } else {
      count = withUnsafePointer(to: &points) { pointer in
        pointer.withMemoryRebound(to: SIMD3<Float>.self, capacity: 4) { clip($0, count: count) }
      }
    }
    let (f, cx, cy) = (camera.focalLength.x, camera.principalPoint.x, camera.principalPoint.y)
    var low = SIMD2<Double>(repeating: .infinity)
    var high = SIMD2<Double>(repeating: -.infinity)
    for index in 0..<count {
      let p = clipped[index]
      let scale = f / Double(p.z)
      let pixel = SIMD2(Double(p.x) * scale + cx, Double(p.y) * scale + cy)
      scratch[index] = pixel
      low = pointwiseMin(low, pixel)
      high = pointwiseMax(high, pixel)
    }
    let isOff =
      high.x < 0 || high.y < 0 || low.x > Double(camera.width) - 1 || low.y > Double(camera.height) - 1
    return isOff ? 0 : count
  }

  /// Cuts off what lies nearer than the near plane (Sutherland–Hodgman), into `clipped`.
  private func clip(_ points: UnsafePointer<SIMD3<Float>>, count: Int) -> Int {
    var result = 0
    for index in 0..<count {
      let (a, b) = (points[index], points[index + 1 == count ? 0 : index + 1])
      if a.z >= Self.near {
        clipped[result] = a
        result += 1
      }
      if (a.z >= Self.near) != (b.z >= Self.near) {
        // From the visible end, so that neighbours cut their common edge at the same point.
        let (inside, outside) = a.z >= Self.near ? (a, b) : (b, a)
        clipped[result] = inside + (outside - inside) * ((inside.z - Self.near) / (inside.z - outside.z))
        result += 1
      }
    }
    return result
  }

  @inline(__always)
  private func setUp(
    _ face: UnsafePointer<Face>, depth: SIMD3<Float>, _ view: MeshView, at number: Int, paint: Tint, instance: Int32,
    light: MovingLight, normal: SIMD3<Float>
  ) {
    var lightFunction = face.pointee.light
    if light.isMoving { lightFunction = SIMD4(0, 0, 0, light.brightness(normal)) }
    var tint = face.pointee.tint
    if face.pointee.texture == paintTexture { tint = tint * paint }
    faces[number] = FrameFace(
      inverseDepth: depth, u: screen(face.pointee.u, depth, view), v: screen(face.pointee.v, depth, view),
      light: screen(lightFunction, depth, view), lightRow: screen(face.pointee.lightRow, depth, view), tint: tint,
      lightMap: face.pointee.lightMap, texture: Int32(face.pointee.texture.index), instance: instance)
  }

  /// An affine function of the point, as one of the pixel, over depth.
  @inline(__always)
  private func screen(_ f: SIMD4<Float>, _ depth: SIMD3<Float>, _ view: MeshView) -> SIMD3<Float> {
    let gradient = SIMD3(f.x, f.y, f.z)
    let turned = view.rotate(gradient) / (view.scale * view.scale)
    return intrinsics.pixelFunction(turned) + depth * (gradient.dot(view.eye) + f.w)
  }

  // MARK: Shading

  private func shadeFrame(_ worldFromCamera: SE3) -> Picture {
    let builder = PictureBuilder(resolution: Resolution(width: camera.width, height: camera.height))
    let textures = world.textures.memory
    // The sky takes the place after the last face.
    faces[faceCount] = sky(worldFromCamera)
    let shader = Shader(
      textures: textures.layouts, levelStarts: textures.levelStarts, texelLuma: textures.luma,
      texelChroma: textures.chroma, lightMaps: world.lightLayouts.baseAddress!, lightBytes: lightBytes, faces: faces,
      sky: faces + faceCount, haze: Haze())
    for row in 0..<camera.height {
      let hasChroma = row % 2 == 0
      let chroma = row / 2 * builder.strides.chroma
      shader.shade(
        row: row, width: camera.width, numbers: visibility.face + row * visibility.stride,
        luma: builder.luma + row * builder.strides.luma,
        cb: hasChroma ? builder.cb + chroma : nil, cr: hasChroma ? builder.cr + chroma : nil)
    }
    return builder.seal()
  }

  /// A layer of clouds overhead, as a plane that the camera sees from below.
  private func sky(_ worldFromCamera: SE3) -> FrameFace {
    let view = WorldView(worldFromCamera, intrinsics: intrinsics, width: camera.width, height: camera.height)
    let meshView = MeshView(rows: view.rows, eye: view.eye, scale: 1)
    let altitude: Float = 420
    let depth = intrinsics.pixelFunction(meshView.rotate(SIMD3(0, 0, 1)) / (altitude - view.eye.z))
    func screen(_ gradient: SIMD3<Float>) -> SIMD3<Float> {
      intrinsics.pixelFunction(meshView.rotate(gradient)) + depth * gradient.dot(view.eye)
    }
    return FrameFace(
      inverseDepth: depth, u: screen(SIMD3(0.42, 0, 0)), v: screen(SIMD3(0, 0.42, 0)), light: depth, lightRow: .zero,
      tint: .none, lightMap: -1, texture: Int32(skyFace.index), instance: -1)
  }

  // MARK: Shadows of what moves

  private func castMovingShadows(_ movers: [Placement]) {
    let pristine = world.lightBytes.baseAddress!
    for shadow in stampedRows {
      shadow.forEachRow { start, count in (lightBytes + start).update(from: pristine + start, count: count) }
    }
    stampedRows.removeAll(keepingCapacity: true)
    for (mover, placement) in zip(world.traffic.movers, movers) {
      let shadow = GroundShadow(of: mover.extent, placement: placement)
      shadow.darken(lightBytes)
      stampedRows.append(shadow)
    }
  }

  /// The instance that each pixel shows, or −1: valid until the next picture.
  func instance(atColumn x: Int, row: Int) -> Int32 {
    let number = visibility.face[row * visibility.stride + x]
    return number < 0 ? -1 : faces[Int(number)].instance
  }

  /// The objects that the latest picture shows.
  func objects(_ collector: ObjectCollector) -> [SimulatedObject] {
    let faces = UnsafePointer(faces)
    return collector.collect(from: visibility) { number in number < 0 ? -1 : faces[Int(number)].instance }
  }

  /// Depth of a pixel of the latest picture, metres; infinite in the sky.
  public func depth(atColumn x: Int, row: Int) -> Double {
    1 / Double(visibility.inverseDepth[row * visibility.stride + x])
  }
}

/// The camera of a frame in single precision, with its field of view.
struct WorldView {
  let rows: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
  let eye: SIMD3<Float>
  /// Inward unit normals of the four sides of the field of view, camera axes.
  private let sides: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)

  init(_ worldFromCamera: SE3, intrinsics: RenderIntrinsics, width: Int, height: Int) {
    let m = worldFromCamera.rotation.matrix
    rows = (SIMD3<Float>(m.columns.0), SIMD3<Float>(m.columns.1), SIMD3<Float>(m.columns.2))
    eye = SIMD3<Float>(worldFromCamera.translation)
    let f = intrinsics.focalLength
    let left = (intrinsics.centre.x + 0.5) / f
    let right = (Float(width) - 0.5 - intrinsics.centre.x) / f
    let top = (intrinsics.centre.y + 0.5) / f
    let bottom = (Float(height) - 0.5 - intrinsics.centre.y) / f
    sides = (
      SIMD3(1, 0, left).normalized, SIMD3(-1, 0, right).normalized, SIMD3(0, 1, top).normalized,
      SIMD3(0, -1, bottom).normalized
    )
  }

  /// Whether a sphere may be in view.
  func sees(_ centre: SIMD3<Float>, radius: Float) -> Bool {
    let offset = centre - eye
    let p = SIMD3(rows.0.dot(offset), rows.1.dot(offset), rows.2.dot(offset))
    return p.z > -radius && sides.0.dot(p) > -radius && sides.1.dot(p) > -radius && sides.2.dot(p) > -radius
      && sides.3.dot(p) > -radius
  }
}
