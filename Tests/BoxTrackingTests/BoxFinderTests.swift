import BoxTracking
import Detection
import Inference
import MediaModel
import TestSupport
import Testing
import Tracking

@Suite struct BoxFinderTests {
  private struct Thing {
    var category: Int
    var box: SIMD4<Float>
    var colour: SIMD3<UInt8>
  }

  /// Things move to the right by 4 pixels a frame over a grey ground.
  private static let things = [
    Thing(category: 0, box: [20, 40, 70, 150], colour: [90, 110, 180]),
    Thing(category: 1, box: [120, 60, 200, 110], colour: [140, 170, 100]),
    Thing(category: 0, box: [60, 200, 110, 300], colour: [200, 90, 140]),
  ]

  private static func box(_ thing: Thing, _ frame: Int) -> SIMD4<Float> {
    let move = 4 * Float(frame)
    return thing.box + [move, 0, move, 0]
  }

  private static func picture(_ frame: Int, width: Int = 640) -> Picture {
    let builder = PictureBuilder(resolution: Resolution(width: width, height: 352))
    var random = SeededGenerator(seed: UInt64(frame))
    for y in 0..<352 {
      for x in 0..<width {
        var colour: SIMD3<UInt8> = [UInt8.random(in: 60...70, using: &random), 128, 128]
        for thing in things {
          // Ellipses in their boxes.
          let box = box(thing, frame)
          let offset =
            (SIMD2(Float(x), Float(y)) + 0.5 - (box.lowHalf + box.highHalf) / 2)
            / ((box.highHalf - box.lowHalf) / 2)
          if (offset * offset).sum() < 1 { colour = thing.colour }
        }
        builder.luma[y * builder.strides.luma + x] = colour.x
        builder.cb[y / 2 * builder.strides.chroma + x / 2] = colour.y
        builder.cr[y / 2 * builder.strides.chroma + x / 2] = colour.z
      }
    }
    return builder.seal()
  }

  /// A detector's network that knows what the pictures show, frame after frame.
  private actor KnowingModel: InferenceModel {
    nonisolated let name = "knowing"
    nonisolated let signature: ModelSignature
    private var frame = 0

    init(_ detector: FastestDet) { signature = detector.signature }

    func run(_ inputs: [String: Tensor]) throws(InferenceError) -> [String: Tensor] {
      defer { frame += 1 }
      guard inputs["input.1"]?.shape == [1, 3, 352, 352] else {
        throw .wrongTensor(model: name, tensor: "input.1", expected: "[1, 3, 352, 352]", found: "another")
      }
      var values = [Float](repeating: 0, count: 7 * 484)
      for thing in BoxFinderTests.things {
        let box = BoxFinderTests.box(thing, frame) / SIMD4(640, 352, 640, 352)
        let centre = (box.lowHalf + box.highHalf) / 2 * 22, size = box.highHalf - box.lowHalf
        let cell = Int(centre.y) * 22 + Int(centre.x)
        // Inverse of the decoding: artanh of the offset, logit of the size.
        func artanh(_ x: Float) -> Float { 0.5 * ln((1 + x) / (1 - x)) }
        let row: [Float] = [
          0.9, artanh(centre.x - Float(Int(centre.x))), artanh(centre.y - Float(Int(centre.y))),
          ln(size.x / (1 - size.x)), ln(size.y / (1 - size.y)),
        ]
        for (channel, value) in row.enumerated() { values[channel * 484 + cell] = value }
        values[(5 + thing.category) * 484 + cell] = 0.9
      }
      return ["758": Tensor(values, shape: [1, 7, 22, 22])]
    }

    /// The natural logarithm, by its series around 1.
    private func ln(_ x: Float) -> Float {
      var (value, halvings) = (Double(x), 0)
      while value > 1.5 { (value, halvings) = (value / 2, halvings + 1) }
      while value < 0.75 { (value, halvings) = (value * 2, halvings - 1) }
      let ratio = (value - 1) / (value + 1)
      var (power, sum) = (ratio, 0.0)
      for index in 0..<20 {
        sum += power / Double(2 * index + 1)
        power *= ratio * ratio
      }
      return Float(2 * sum + Double(halvings) * 0.693_147_180_559_945)
    }
  }

  private func finder(_ options: BoxFinderOptions = BoxFinderOptions()) -> BoxFinder {
    let detector = FastestDet(classes: ["person", "car"])
    return BoxFinder(detector, model: KnowingModel(detector), options: options)
  }

  private func nanos(_ frame: Int) -> Int64 { Int64(frame) * 33_333_333 }

  @Test func thingsAreFoundFollowedAndCutOut() async throws {
    let finder = finder()
    for frame in 0..<12 {
      let objects = try await finder.find(
        in: Self.picture(frame), number: frame + 1, at: nanos(frame), isLive: false)
      #expect(objects.map(\.id) == [1, 2, 3])
      #expect(objects.map(\.label).sorted() == ["car", "person", "person"])
      for object in objects {
        let thing = try #require(
          Self.things.first { thing in
            let offset = Self.box(thing, frame) - object.box
            return max(offset.max(), -offset.min()) < 1
          })
        #expect((thing.category == 1) == (object.label == "car"))
        // Of a box an ellipse fills π/4.
        let sides = object.box.highHalf - object.box.lowHalf
        let share = Float(try #require(object.mask).area) / (sides.x * sides.y)
        #expect(abs(share - 0.785) < 0.05)
      }
    }
    let report = await finder.report()
    #expect(report.model == "knowing" && report.startedCount == 3 && report.detectionCount == 36)
    #expect(await finder.report().startedCount == 0)
  }

  @Test func onlyWhatThePromptNamesIsLookedFor() async throws {
    let finder = finder()
    try await finder.setPrompt("Car. red backpack.")
    let cars = try await finder.find(in: Self.picture(0), number: 1, at: 0, isLive: false)
    #expect(cars.map(\.label) == ["car"])
    try await finder.setPrompt("all objects. item. thing. stuff.")
    let all = try await finder.find(in: Self.picture(1), number: 2, at: nanos(1), isLive: false)
    #expect(all.count == 3 && all.first?.id == cars.first?.id)
  }

  @Test func aLiveStreamGetsSomeMasksAPicture() async throws {
    var options = BoxFinderOptions()
    options.masksPerLivePicture = 1
    let finder = finder(options)
    var counts: [Int] = []
    for frame in 0..<6 {
      let objects = try await finder.find(in: Self.picture(frame), number: frame + 1, at: nanos(frame), isLive: true)
      counts.append(objects.count { $0.mask != nil })
      for object in objects {
        // What is kept moves with its box.
        guard let mask = object.mask, let bounds = mask.bounds else { continue }
        let offset = bounds - object.box
        #expect(max(offset.max(), -offset.min()) < 5)
      }
    }
    #expect(counts == [1, 2, 3, 3, 3, 3])
  }

  @Test func anotherVideoBringsOtherObjects() async throws {
    let finder = finder()
    let first = try await finder.find(in: Self.picture(0), number: 1, at: nanos(50), isLive: false)
    let earlier = try await finder.find(in: Self.picture(1), number: 1, at: nanos(1), isLive: false)
    #expect(first.map(\.id) == [1, 2, 3] && earlier.map(\.id) == [4, 5, 6])
    let other = try await finder.find(in: Self.picture(2, width: 600), number: 2, at: nanos(2), isLive: false)
    #expect(other.allSatisfy { $0.id > 6 } && !other.isEmpty)
  }
}
