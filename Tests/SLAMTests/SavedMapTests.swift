import Geometry
import MultiView
import SLAM
import TestSupport
import Testing
import Vision

/// A map that is kept and loaded again.
@Suite struct SavedMapTests {
  private static let path = (0..<90).map { RenderedRoom.worldFromCamera(frame: $0) }
  private static let images = path.map { RenderedRoom.image($0) }
  private static let frameNanos: Int64 = 33_333_333

  private func run(
    _ frames: Range<Int>, from saved: SavedMap? = nil, camera: CameraModel = RenderedRoom.camera,
    images: [GreyImage] = Self.images, options: SLAMOptions = SLAMOptions()
  ) throws -> (SLAMEngine, [SLAMUpdate]) {
    var engine = SLAMEngine(camera: camera, options: options)
    if let saved { try engine.load(saved) }
    let updates = frames.map { index in
      engine.add(SLAMFrame(number: index, nanos: Int64(index) * Self.frameNanos, image: images[index]))
    }
    return (engine, updates)
  }

  private static let first: SavedMap? = {
    var engine = SLAMEngine(camera: RenderedRoom.camera)
    for index in 0..<55 {
      _ = engine.add(SLAMFrame(number: index, nanos: Int64(index) * frameNanos, image: images[index]))
    }
    engine.finish()
    var saved = engine.savedMap
    saved?.placement = placement
    for (index, identifier) in (saved?.map.points.identifiers ?? []).enumerated() where index % 3 > 0 {
      saved?.colours[identifier] = SIMD3(UInt8(index % 251), 7, 200)
    }
    return saved
  }()

  private static let placement = SavedMap.Placement(
    metricFromWorld: Sim3(scale: 0.4, rotation: .exp(SIMD3(1, 0.2, -0.3)), translation: SIMD3(1, 2, 3)),
    place: .init(
      origin: .init(latitudeDegrees: 47.1, longitudeDegrees: -8.2, altitudeMetres: 430), enuFromWorld: .identity,
      residual: 0.7, headingDeviation: 0.02))

  /// A small map, to be damaged.
  private static let small: [UInt8] = {
    var room = ScriptedRoom()
    var saved = SavedMap(
      camera: ScriptedRoom.camera, runs: 1, map: room.map(0..<4, firstIdentifier: 5) { _ in .identity })
    saved.placement = placement
    for identifier in saved.map.points.identifiers where identifier % 3 == 0 {
      saved.colours[identifier] = SIMD3(1, 2, 3)
    }
    return saved.bytes
  }()

  /// Root mean square distance of paths of one map from the truth, after one similarity for all.
  private func error(_ poses: [SLAMPose]) throws -> Double {
    let estimate = poses.map(\.worldFromCamera.translation)
    let truth = poses.map { Self.path[$0.frameNumber].translation }
    let aligned = try #require(SimilarityAlignment.targetFromSource(estimate, truth))
    let squares = zip(estimate, truth).map { ($0.0, $0.1) }.reduce(0.0) { sum, pair in
      let difference = aligned * pair.0 - pair.1
      return sum + difference.dot(difference)
    }
    return (squares / Double(poses.count)).squareRoot()
  }

  @Test func readsWhatItWrote() throws {
    let saved = try #require(Self.first)
    let bytes = saved.bytes
    let read = try SavedMap(bytes: bytes)
    #expect(read.bytes == bytes)
    #expect(read.camera == RenderedRoom.camera && read.runs == 1 && read.newestCount == saved.keyFrameCount)
    #expect(read.placement == saved.placement && read.colours == saved.colours)
    #expect(read.keyFrameCount >= 3 && read.pointCount > 150)
    // Loaded and kept again, with nothing seen between.
    var engine = SLAMEngine(camera: RenderedRoom.camera)
    try engine.load(read)
    var again = try #require(engine.savedMap)
    #expect(again.number == 0)
    (again.placement, again.colours) = (read.placement, read.colours)
    #expect(again.bytes == bytes)
  }

  @Test func aCameraFindsItselfInAnEarlierMap() throws {
    let saved = try SavedMap(bytes: #require(Self.first).bytes)
    var first = try run(0..<55).0
    first.finish()
    // A second camera begins where the map ends.
    let (engine, updates) = try run(50..<90, from: saved)
    #expect(updates[0].state == .relocalised && updates[0].map == 0 && updates[0].worldFromCamera != nil)
    #expect(updates.dropFirst().allSatisfy { $0.state == .tracking && $0.map == 0 })
    #expect(updates.contains { $0.isKeyFrame })
    // Both paths lie in the same world, in the same unit.
    let both = try error(first.trajectory + engine.trajectory)
    #expect(both < 0.015)

    let extended = try #require(engine.savedMap)
    #expect(extended.runs == 2 && extended.newestCount > 0 && extended.keyFrameCount > saved.keyFrameCount)
    #expect(extended.pointCount > saved.pointCount)
    let third = try run(70..<90, from: SavedMap(bytes: extended.bytes))
    #expect(third.1[0].state == .relocalised)
    let all = try error(first.trajectory + third.0.trajectory)
    #expect(all < 0.015)
    let snapshot = engine.snapshot
    #expect(snapshot.keyFrames.prefix(saved.keyFrameCount).allSatisfy { $0.earlierRun == 0 })
    #expect(snapshot.keyFrames.dropFirst(saved.keyFrameCount).allSatisfy { $0.earlierRun == nil })
  }

  @Test func framesBeforeItIsRecognisedHavePosesToo() throws {
    // In the dark first: the first look at the earlier map shows nothing, later ones do.
    var images = Self.images
    images[50] = GreyImage(width: 320, height: 240, pixels: [UInt8](repeating: 16, count: 320 * 240))
    let (engine, updates) = try run(50..<70, from: SavedMap(bytes: #require(Self.first).bytes), images: images)
    let found = try #require(updates.first { $0.state == .relocalised })
    #expect(found.frameNumber > 51 && found.frameNumber <= 54)
    #expect(engine.trajectory.first?.frameNumber == 51 && engine.trajectory.count == 19)
  }

  @Test func whatIsNotInTheMapIsAMapOfItsOwn() throws {
    let saved = try SavedMap(bytes: #require(Self.first).bytes)
    // Another pattern on the walls.
    let others = (0..<40).map { RenderedRoom.image(Self.path[$0 + 20], period: 7) }
    let (engine, updates) = try run(0..<40, from: saved, images: others)
    #expect(updates.allSatisfy { $0.map == 1 })
    #expect(updates.last?.state == .tracking)
    let kept = try #require(engine.savedMap)
    #expect(kept.number == 0 && kept.newestCount == saved.newestCount && kept.runs == 1)
    #expect(kept.keyFrameCount == saved.keyFrameCount, "the map that was loaded is not lost")
  }

  @Test func anotherCameraSeesTheSameRoom() throws {
    let saved = try SavedMap(bytes: #require(Self.first).bytes)
    // The same lens before pictures of half the size would not be recognised; a little less is.
    let small = RenderedRoom.camera.scaled(by: 0.5, width: 160, height: 120)
    #expect(throws: SavedMapError.anotherCamera(focalLength: 125, ofMap: 250)) {
      var engine = SLAMEngine(camera: small)
      try engine.load(saved)
    }
    guard case .pinhole(var lens) = RenderedRoom.camera else { return }
    lens.distortion = .init(k1: -0.05, k2: 0, p1: 0, p2: 0)
    lens.principalPoint = SIMD2(150, 128)
    let bent = CameraModel.pinhole(lens)
    let images = Self.images.map { Self.seen(by: bent, $0) }
    let (engine, updates) = try run(50..<80, from: saved, camera: bent, images: images)
    #expect(updates.contains { $0.state == .relocalised && $0.map == 0 })
    var first = try run(0..<55).0
    first.finish()
    let both = try error(first.trajectory + engine.trajectory.filter { $0.map == 0 })
    #expect(both < 0.02)
  }

  /// A picture of ``RenderedRoom`` as another camera at the same place sees it.
  private static func seen(by camera: CameraModel, _ image: GreyImage) -> GreyImage {
    var pixels: [UInt8] = []
    for y in 0..<camera.height {
      for x in 0..<camera.width {
        let source = camera.unproject(SIMD2(Double(x), Double(y))).flatMap(RenderedRoom.camera.project) ?? .zero
        let column = min(max(source.x, 0), Double(image.width) - 1.001)
        let row = min(max(source.y, 0), Double(image.height) - 1.001)
        let (left, top) = (Int(column), Int(row))
        func at(_ column: Int, _ row: Int) -> Double { Double(image[column, row]) }
        let (a, b) = (column - Double(left), row - Double(top))
        let upper = (1 - a) * at(left, top) + a * at(left + 1, top)
        let lower = (1 - a) * at(left, top + 1) + a * at(left + 1, top + 1)
        pixels.append(UInt8(((1 - b) * upper + b * lower).rounded()))
      }
    }
    return GreyImage(width: camera.width, height: camera.height, pixels: pixels)
  }

  @Test func aCameraThatIsGuessedIsTakenToBeThatOfTheMap() throws {
    let saved = try SavedMap(bytes: #require(Self.first).bytes)
    guard case .pinhole(var wrong) = RenderedRoom.camera else { return }
    wrong.focalLength *= 0.8
    var options = SLAMOptions()
    options.calibration = .assumed
    let (engine, updates) = try run(50..<60, from: saved, camera: .pinhole(wrong), options: options)
    #expect(updates[0].state == .relocalised && engine.camera == RenderedRoom.camera)
  }

  // MARK: Damage

  @Test func everyTruncationIsAnError() {
    let bytes = Self.small
    for count in Array(0..<200) + stride(from: 200, to: bytes.count, by: 997) {
      let part = Array(bytes.prefix(count))
      #expect(throws: SavedMapError.self) { try SavedMap(bytes: part) }
      // With a header that agrees, what is within has to be looked at.
      guard count >= 24 else { continue }
      let sealed = Self.sealed(part)
      #expect(throws: SavedMapError.self) { try SavedMap(bytes: sealed) }
    }
    #expect(throws: SavedMapError.self) { try SavedMap(bytes: bytes + [0]) }
    #expect(throws: SavedMapError.self) { try SavedMap(bytes: Self.sealed(bytes + [0])) }
  }

  @Test func flippedBitsAreFoundOrHarmless() throws {
    let bytes = Self.small
    var random = SeededGenerator(seed: 3)
    var accepted = 0
    for round in 0..<400 {
      var damaged = bytes
      // Mostly where counts are.
      let end = round % 2 == 0 ? 600 : bytes.count
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        damaged[Int.random(in: 24..<end, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      #expect(throws: SavedMapError.wrongChecksum) { try SavedMap(bytes: damaged) }
      // A checksum that agrees: then it is another map, that can be used and kept.
      guard let read = try? SavedMap(bytes: Self.sealed(damaged)) else { continue }
      accepted += 1
      #expect(read.bytes == Self.sealed(damaged))
      var engine = SLAMEngine(camera: read.camera)
      try engine.load(read)
      if read.camera.width == 320, read.camera.height == 240, accepted % 8 == 0 {
        for index in 50..<53 {
          _ = engine.add(SLAMFrame(number: index, nanos: Int64(index), image: Self.images[index]))
        }
      }
    }
    #expect(accepted > 20, "not all damage can be told from data: \(accepted)")
  }

  @Test func whatIsWrongIsSaid() {
    var bytes = Self.small
    #expect(throws: SavedMapError.noMap) { try SavedMap(bytes: Array("ply\nformat ascii 1.0\n".utf8)) }
    #expect(throws: SavedMapError.noMap) { try SavedMap(bytes: []) }
    bytes[8] = 9
    #expect(throws: SavedMapError.unknownVersion(9)) { try SavedMap(bytes: bytes) }
    bytes[8] = 1
    // Four thousand million key frames.
    var many = bytes
    let counts = 24 + 9 + 64 + 4 + 1 + 64 + 24 + 64 + 16
    for index in 0..<4 { many[counts + index] = 0xff }
    #expect(throws: SavedMapError.wrongLength(of: "list", at: counts + 4)) { try SavedMap(bytes: Self.sealed(many)) }
    // A rotation that is none, in the first key frame.
    var bent = bytes
    for index in 0..<8 { bent[counts + 4 + 21 + index] = 0 }
    for index in 8..<32 { bent[counts + 4 + 21 + index] = 0 }
    let error = SavedMapError.wrongValue(of: "key frame 0", at: counts + 4 + 21 + 32)
    #expect(throws: error) { try SavedMap(bytes: Self.sealed(bent)) }
    #expect("\(error)" == "the key frame 0 has a value that makes no sense, at byte \(counts + 57)")
  }

  /// The same content with length and checksum that agree.
  private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var sealed = bytes
    var checksum = ~UInt32(0)
    for byte in bytes[24...] {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xedb8_8320 : checksum >> 1 }
    }
    func put(_ value: UInt64, at offset: Int, count: Int) {
      for index in 0..<count { sealed[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    put(UInt64(~checksum), at: 12, count: 4)
    put(UInt64(bytes.count - 24), at: 16, count: 8)
    return sealed
  }
}
