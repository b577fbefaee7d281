import Detection
import Inference
import MediaModel
import Segmentation
import Testing

@Suite struct VideoSegmenterTests {
  private let backend = FakeNetworks()
  private let picture = Resolution(width: 64, height: 16)
  private let pixels = Tensor([Float](repeating: 0, count: 3 * 32 * 32), shape: [1, 3, 32, 32])

  private func segmenter(_ options: SegmentationOptions = SegmentationOptions()) async throws -> VideoSegmenter {
    VideoSegmenter(try await SegmentationNetworks("sam2", from: backend), options: options)
  }

  /// The inputs of each run of a network since the last call.
  private func inputs(of network: String) -> [[String: Tensor]] {
    backend.takeRuns().filter { $0.network == network }.map(\.inputs)
  }

  @Test func nothingRunsWithoutObjects() async throws {
    var segmenter = try await segmenter()
    #expect(try await segmenter.track(pixels, of: picture).isEmpty)
    #expect(backend.takeRuns().isEmpty)
  }

  @Test func promptsAreScaledToTheNetworksPicture() async throws {
    var segmenter = try await segmenter()
    let outside = SegmentationPrompt.Point([32, 8], isInside: false)
    let prompt = SegmentationPrompt.points([outside], box: [8, 4, 16, 12])
    let objects = try await segmenter.track(pixels, of: picture, prompts: [(7, prompt)])
    #expect(objects.map(\.id) == [7])
    #expect(objects.map(\.isPrompted) == [true])
    let decoded = try #require(inputs(of: "decode_mask").first)
    #expect(decoded["points"] == Tensor([4, 8, 8, 24, 16, 16] as [Float], shape: [1, 3, 2]))
    #expect(decoded["labels"] == Tensor([2, 3, 0] as [Int64], shape: [1, 3]))
    #expect(decoded["multimask"] == Tensor([0] as [Float], shape: [1]))
  }

  @Test func oneClickMayMeanSeveralThings() async throws {
    var segmenter = try await segmenter()
    _ = try await segmenter.track(pixels, of: picture, prompts: [(1, .points([.init([32, 8])]))])
    #expect(try #require(inputs(of: "decode_mask").first)["multimask"] == Tensor([1] as [Float], shape: [1]))
  }

  @Test func objectsThatGoTheSameWayGoTogether() async throws {
    var options = SegmentationOptions()
    options.batch = 3
    var segmenter = try await segmenter(options)
    let box = SegmentationPrompt.box([0, 0, 8, 8])
    let click = SegmentationPrompt.points([.init([3, 3])])
    let prompts = [(1, box), (2, click), (3, box), (4, box), (5, box)]
    let shown = try await segmenter.track(pixels, of: picture, prompts: prompts)
    #expect(shown.map(\.id) == [1, 2, 3, 4, 5])
    #expect(inputs(of: "decode_mask").map { $0["points"]?.shape } == [[3, 2, 2], [1, 1, 2], [1, 2, 2]])
    _ = try await segmenter.track(pixels, of: picture, prompts: [(6, box)])
    #expect(inputs(of: "attend_memory").map { $0["mem"]?.shape } == [[3, 1, 4, 2], [2, 1, 4, 2]])
    _ = try await segmenter.track(pixels, of: picture)
    // The newcomer has one memory less than the others.
    #expect(inputs(of: "attend_memory").map { $0["mem"]?.shape } == [[3, 2, 4, 2], [2, 2, 4, 2], [1, 1, 4, 2]])
  }

  @Test func remembersTheLastFramesAndThePrompts() async throws {
    var segmenter = try await segmenter()
    let box = SegmentationPrompt.box([0, 0, 8, 8])
    for frame in 0..<30 {
      _ = try await segmenter.track(pixels, of: picture, prompts: frame == 0 || frame == 27 ? [(1, box)] : [])
    }
    let attended = try #require(inputs(of: "attend_memory").last)
    // Frame 29: the prompts of frames 0 and 27, then the frames 23…26 and 28.
    #expect(attended["mem_t"] == Tensor([6, 6, 5, 4, 3, 2, 0] as [Int64], shape: [1, 7]))
    let ages: [Float] = [29, 2, 1] + (3...15).map(Float.init)
    #expect(attended["ptr_dt"] == Tensor(ages, shape: [1, 16]))
  }

  @Test func memoryIsBoundedHoweverLongItRuns() async throws {
    var segmenter = try await segmenter()
    let box = SegmentationPrompt.box([0, 0, 8, 8])
    for frame in 0..<10_000 {
      // Shown anew every hundred frames, and another one for a while.
      let prompts = frame % 100 == 0 ? [(1, box), (2 + frame, box)] : []
      if frame % 100 == 50 { segmenter.remove(2 + frame - 50) }
      _ = try await segmenter.track(pixels, of: picture, prompts: prompts)
      if frame % 1000 == 999 {
        #expect(segmenter.objects == [1])
        let attended = try #require(inputs(of: "attend_memory").last)
        let promptCount = frame / 100 + 1
        #expect(attended["mem"]?.shape == [1, min(promptCount, 4) + 6, 4, 2])
        #expect(attended["ptr"]?.shape == [1, min(promptCount, 4) + 15, 8])
      }
    }
  }

  @Test func aFrameThatFailsHasNotBeen() async throws {
    var segmenter = try await segmenter()
    let box = SegmentationPrompt.box([0, 0, 8, 8])
    _ = try await segmenter.track(pixels, of: picture, prompts: [(1, box)])
    backend.breaks("encode_memory")
    await #expect(throws: InferenceError.runFailed(model: "encode_memory", reason: "it is broken")) {
      _ = try await segmenter.track(pixels, of: picture, prompts: [(2, box)])
    }
    backend.breaks(nil)
    #expect(segmenter.objects == [1])
    _ = try await segmenter.track(pixels, of: picture)
    let attended = try #require(inputs(of: "attend_memory").last)
    #expect(attended["ptr_dt"] == Tensor([1] as [Float], shape: [1, 1]))
  }

  @Test func aMaskIsTakenAsItIs() async throws {
    var segmenter = try await segmenter()
    let mask = RunLengthMask(resolution: picture, columns: 0..<32, rows: 4..<8) { _, _ in true }
    let prompts = [(1, SegmentationPrompt.mask(mask)), (2, .box([0, 0, 8, 8]))]
    _ = try await segmenter.track(pixels, of: picture, prompts: prompts)
    let runs = backend.takeRuns()
    let taken = try #require(runs.first { $0.network == "prompt_mask" }?.inputs["mask"])
    #expect(taken.shape == [1, 1, 32, 32])
    for (place, value) in taken.floats.enumerated() {
      #expect(value == ((8..<16).contains(place / 32) && place % 32 < 16 ? 1 : 0))
    }
    // Its network says what is remembered of it; the box's mask counts as certain beside it.
    let remembered = runs.filter { $0.network == "encode_memory" }.map(\.inputs)
    #expect(remembered.map { $0["low_res_mask"]?.shape } == [[1, 1, 8, 8]])
    #expect(remembered.first?["binarise"] == Tensor([1] as [Float], shape: [1]))
  }

  /// Stripes and a disc, made smaller and larger, as PyTorch's `interpolate` with antialiasing does, and then 0.5 and more.
  @Test(arguments: [
    (
      Resolution(width: 150, height: 90),
      "9130:0F080H0006060D00060H02060J0<0i10kM0008020F0000040L0:0F040L047?5J5F_OK020Nb00^O2000Od081000000G[O2000Nd0"
        + #"2\O4c06NJ_O1>KB<8BH200040L000:0F040L000Y20aN0VO040L000:0N0H0000080206030]O0O"#
    ),
    (
      Resolution(width: 20, height: 11),
      "066O01M03O00N12O0N01O21O0N02010M0020N0120OOO02010M00030OOO1101M02010MM3300NN130NO1O;3CO=1B0>0B0<OF1:0D0>0B0>ND1=N"
        + "D002010MN32O00M1201M03O01MO3001NM23O01M03ON3NN40M93GO0N03ON1101OM13"
    ),
  ])
  func masksAreMadeSquare(picture: Resolution, counts: String) async throws {
    var segmenter = try await segmenter()
    let (width, height) = (picture.width, picture.height)
    let mask = RunLengthMask(resolution: picture, columns: 0..<width, rows: 0..<height) { x, y in
      let (right, down, radius) = (x - width / 2, y - height / 2, height / 3)
      return (x * 7 + y * 13) % 50 < 23 || right * right + down * down < radius * radius
    }
    _ = try await segmenter.track(pixels, of: picture, prompts: [(1, .mask(mask))])
    let taken = try #require(inputs(of: "prompt_mask").first?["mask"])
    let square = Resolution(width: 32, height: 32)
    let golden = try #require(RunLengthMask(resolution: square, counts: counts))
    #expect(taken.floats == golden.pixels().map(Float.init))
  }

  @Test func picturesAreMadeSquare() async throws {
    var segmenter = try await segmenter()
    let image = RGBImage(width: 64, height: 16, pixels: Array(repeating: 255, count: 3 * 64 * 16))
    let box = SegmentationPrompt.box([32, 8, 64, 16])
    _ = try await segmenter.track(image, prompts: [(1, box)])
    let runs = backend.takeRuns()
    let pixels = try #require(runs.first?.inputs["pixel_values"])
    #expect(pixels == ImageNormaliser(width: 32, height: 32).tensor(of: image))
    let decoded = try #require(runs.first { $0.network == "decode_mask" })
    #expect(decoded.inputs["points"] == Tensor([16, 16, 32, 32] as [Float], shape: [1, 2, 2]))
  }

  @Test func masksNeedTheirNetwork() async throws {
    let networks = try await SegmentationNetworks("sam2", from: FakeNetworks(hasPromptMask: false))
    var segmenter = VideoSegmenter(networks)
    let mask = RunLengthMask(resolution: picture, columns: 0..<32, rows: 4..<8) { _, _ in true }
    await #expect(
      throws: InferenceError.unavailable(
        reason: "the models have no network prompt_mask, which prompts by a mask need")
    ) { _ = try await segmenter.track(pixels, of: picture, prompts: [(1, .mask(mask))]) }
  }
}
