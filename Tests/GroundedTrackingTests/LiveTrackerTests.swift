import Detection
import GroundedTracking
import MediaModel
import Segmentation
import Tracking
import Testing

/// Networks that are slow by so many frames, and know the truth of a scene.
private struct SlowNetworks {
  var scene: MovingScene
  var tracker: LiveTracker
  var segmentationFrames = 15
  /// More for each object.
  var framesPerObject = 0
  var detectionFrames = 40
  /// What is still worked at: the frame that it is of, and the order.
  private var segmenting: (frame: Int, order: SegmentationOrder)?
  private var detecting: (frame: Int, order: DetectionOrder)?
  private(set) var searches: [(frame: Int, reason: DetectionReason)] = []
  private(set) var segmentations: [(frame: Int, order: SegmentationOrder)] = []
  /// Squares by the id of their object.
  var squares: [Int: Int] = [:]
  /// Squares that the detector does not see.
  var hidden: Set<Int> = []

  init(_ scene: MovingScene, options: GroundedOptions = GroundedOptions()) throws {
    self.scene = scene
    let prompt = try GroundingPrompt("car. dog.", tokenizer: Self.tokenizer())
    tracker = LiveTracker(sizes: [.init(width: 800, height: 600)], prompt: prompt, options: options)
  }

  static func tokenizer() throws -> WordPieceTokenizer {
    let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "car", "dog"]
    return WordPieceTokenizer(vocabulary: try WordPieceVocabulary(lines: Array(pieces.joined(separator: "\n").utf8)))
  }

  mutating func frame(_ number: Int) -> [TrackedObject] {
    if let (frame, order) = segmenting, number - frame >= segmentationFrames + framesPerObject * order.count {
      segmenting = nil
      for (id, prompt) in order.prompts {
        guard case .box(let box) = prompt else { continue }
        squares[id] = scene.squares.indices.max {
          boxOverlap(box, scene.box($0, in: frame)) < boxOverlap(box, scene.box($1, in: frame))
        }
      }
      let ids = order.chosen.union(order.prompts.map(\.object)).sorted()
      let found = ids.compactMap { id in squares[id].map { scene.segmented($0, as: id, in: frame) } }
      tracker.segmented(found, in: Int64(number - frame) * 40_000_000)
    }
    if let (frame, _) = detecting, number - frame >= detectionFrames {
      detecting = nil
      let seen = scene.squares.indices.filter { !hidden.contains($0) }
      tracker.detected(seen.map { scene.detected($0, in: frame) }, in: Int64(detectionFrames) * 40_000_000)
    }
    let outcome = tracker.frame(scene.grey(number), at: Int64(number) * 40_000_000)
    if let order = outcome.segmentation {
      segmenting = (number, order)
      segmentations.append((number, order))
    }
    if let order = outcome.detection {
      detecting = (number, order)
      searches.append((number, order.reason))
    }
    return outcome.objects
  }
}

@Suite struct LiveTrackerTests {
  /// Intersection over union of a mask and a box.
  private func overlap(_ mask: RunLengthMask, _ box: SIMD4<Float>) -> Float {
    let (width, height) = (mask.resolution.width, mask.resolution.height)
    let truth = RunLengthMask(
      resolution: mask.resolution, columns: 0..<width, rows: 0..<height
    ) { x, y in
      let place = SIMD2(Float(x), Float(y)) + 0.5
      return place.x >= box.x && place.y >= box.y && place.x < box.z && place.y < box.w
    }
    let pairs = zip(mask.pixels(), truth.pixels())
    return Float(pairs.count { $0 == 1 && $1 == 1 }) / Float(max(pairs.count { $0 == 1 || $1 == 1 }, 1))
  }

  @Test func everyFrameHasMasksThatAreCarriedToIt() throws {
    let squares = [
      MovingScene.Square(start: [20, 40], velocity: [1.5, 0.3], seed: 1),
      MovingScene.Square(start: [230, 150], velocity: [-1.2, -0.2], seed: 2),
    ]
    var networks = try SlowNetworks(MovingScene(camera: [-0.3, 0.2], squares: squares))
    var (worst, withMask): (Float, Int) = (1, 0)
    var ids: Set<Int> = []
    for number in 0..<140 {
      let objects = networks.frame(number)
      // The first search takes 40 frames; from the next frame on there are boxes.
      #expect(objects.count == (number < 40 ? 0 : 2), "frame \(number)")
      for object in objects {
        ids.insert(object.id)
        #expect(object.sighting == .carried)
        let square = networks.scene.box(object.id - 1, in: number)
        #expect(boxOverlap(object.box, square) > 0.8, "object \(object.id) in frame \(number)")
        if let mask = object.mask {
          withMask += 1
          worst = min(worst, overlap(mask, square))
        }
      }
    }
    #expect(ids == [1, 2])
    // From 15 frames after the boxes on, two a frame.
    #expect(withMask >= 2 * (140 - 57))
    // The squares of the masks are 4 pixels wide, those of the scene 48 across.
    #expect(worst > 0.8)
    #expect(networks.segmentations.count >= 5)
    #expect(networks.tracker.heldCounts.anchors <= 4 && networks.tracker.heldCounts.points <= 600)
  }

  @Test func aSearchDoesNotDisturbWhatIsFollowed() throws {
    var options = GroundedOptions()
    options.detectionInterval = 20
    let squares = [MovingScene.Square(start: [40, 60], velocity: [1, 0.2])]
    var networks = try SlowNetworks(MovingScene(squares: squares), options: options)
    networks.detectionFrames = 30
    for number in 0..<170 { _ = networks.frame(number) }
    #expect(networks.searches.count >= 3)
    #expect(
      networks.searches.first?.reason == .prompt && networks.searches.dropFirst().allSatisfy { $0.reason == .interval })
    // One prompt, and no object removed.
    #expect(networks.segmentations.flatMap { $0.order.prompts.map(\.object) } == [1])
    #expect(networks.segmentations.allSatisfy { $0.order.removed.isEmpty })
    #expect(networks.tracker.tracker.idCount == 1)
  }

  @Test func whatIsNotFoundAnyMoreEndsAndIsForgotten() throws {
    var options = GroundedOptions()
    options.detectionInterval = 5
    options.tracking.missesToEnd = 1
    options.pace.detectionShare = 1
    let squares = [
      MovingScene.Square(start: [40, 60], velocity: [1, 0.2]),
      MovingScene.Square(start: [200, 60], velocity: [-0.5, 0.2], seed: 2),
    ]
    var networks = try SlowNetworks(MovingScene(squares: squares), options: options)
    (networks.detectionFrames, networks.segmentationFrames) = (4, 2)
    var objects: [TrackedObject] = []
    for number in 0..<120 {
      if number == 30 { networks.hidden = [1] }
      objects = networks.frame(number)
    }
    #expect(objects.map(\.id) == [1])
    #expect(networks.segmentations.flatMap(\.order.removed) == [2])
  }

  @Test func aNewPromptEndsWhatItDoesNotName() throws {
    let squares = [MovingScene.Square(start: [40, 60], velocity: [1, 0.2])]
    var networks = try SlowNetworks(MovingScene(squares: squares))
    (networks.detectionFrames, networks.segmentationFrames) = (4, 2)
    for number in 0..<12 { _ = networks.frame(number) }
    networks.tracker.look(for: try GroundingPrompt("car.", tokenizer: SlowNetworks.tokenizer()))
    #expect(networks.frame(12).map(\.id) == [1])
    networks.tracker.look(for: try GroundingPrompt("dog.", tokenizer: SlowNetworks.tokenizer()))
    #expect(networks.frame(13).isEmpty)
    #expect(networks.searches.map(\.reason) == [.prompt, .prompt])
  }

  @Test func ofManyObjectsSomeAreLookedForAtATime() throws {
    var squares: [MovingScene.Square] = []
    for index in 0..<9 {
      let place = SIMD2(Float(20 + index % 3 * 100), Float(15 + index / 3 * 75))
      squares.append(.init(start: place, velocity: index == 4 ? [0.1, 0] : .zero, side: 40, seed: index + 1))
    }
    var networks = try SlowNetworks(MovingScene(squares: squares))
    // 200 ms for a picture, and as many for each object: four are looked for in a second.
    (networks.detectionFrames, networks.segmentationFrames, networks.framesPerObject) = (5, 5, 5)
    for number in 0..<400 { _ = networks.frame(number) }
    let orders = networks.segmentations.map(\.order)
    #expect(orders.allSatisfy { $0.count <= 4 })
    #expect(Set(orders.suffix(10).flatMap(\.chosen)).count == 9)
  }

  @Test func aFailedSearchIsMadeAgain() throws {
    var live = try SlowNetworks(MovingScene(squares: [])).tracker
    let scene = MovingScene(squares: [])
    #expect(live.frame(scene.grey(0), at: 0).detection?.reason == .prompt)
    live.detectionFailed()
    var reasons: [DetectionReason] = []
    for number in 1..<20 {
      if let order = live.frame(scene.grey(number), at: Int64(number) * 40_000_000).detection {
        reasons.append(order.reason)
      }
    }
    #expect(reasons == [.interval])
  }
}
