import BusMessages
import CodedMedia
import DetectionService
import Foundation
import Logging
import MediaModel
import MessageBus
import NIOCore
import PosixFiles
import TestSupport
import Testing
import Tracking
import VideoConsumer

@Suite struct DetectionServiceTests {
  private let bus = InProcessBus()
  private let results: BusSubscription
  private let size = Resolution(width: 16, height: 12)

  init() { results = bus.subscribe(SubscriptionRequest([.processedFrames])) }

  private func service(
    _ source: ScriptedSource, _ change: (inout DetectionServiceOptions) -> Void = { _ in }
  ) -> DetectionService {
    var options = DetectionServiceOptions(stream: "drone")
    change(&options)
    return DetectionService(
      options: options, source: source, bus: bus, metrics: DetectionMetrics(), logger: Logger(label: "test"))
  }

  private func frame(_ number: Int, isLive: Bool = true, skipped: Int = 0) -> ConsumedFrame {
    let stream = ConsumedStream(
      place: "test", resolution: size, framesPerSecond: 30, codec: "avc1", isLive: isLive, generation: 1)
    let nanos = Int64(number) * 1_000_000_000
    let sets = ParameterSets(
      sps: ByteBuffer(), pps: [ByteBuffer()], resolution: size, codecString: "avc1", reorderDepth: 0)
    let coded = CodedPicture(
      bytes: ByteBuffer(), nalUnits: [], senderMicros: nanos / 1000, isKeyFrame: true, carriesParameterSets: false,
      parameterSets: sets)
    let captured = WallTime(nanosSince1970: nanos)
    return ConsumedFrame(
      number: number,
      unit: AccessUnit(
        picture: coded, sequence: UInt64(number), capturedAt: captured, decodeAt: captured,
        receivedAt: HostTime(nanos: nanos)),
      picture: PictureBuilder(resolution: size).seal(), skipped: skipped, stream: stream)
  }

  private func received() async throws -> [ProcessedFrame] {
    var bodies: [ProcessedFrame] = []
    while results.backlog.messages > 0, let delivery = await results.next() {
      bodies.append(try ProcessedFrame(delivery.message.body))
    }
    return bodies
  }

  @Test func objectsOfEachFrameAreOnTheBus() async throws {
    let source = ScriptedSource()
    let service = service(source)
    #expect(service.state.phase == .waiting && service.state.method == nil)
    for number in 1...2 { try await service.consume(frame(number, skipped: number)) }
    let message = try #require(await results.next()).message
    #expect(
      message.headers == [
        BusHeader.stream: .text("drone"), BusHeader.capturedAt: .text("1000000000"),
        BusHeader.timestampNanos: .text("1000000000"),
      ])
    #expect(
      String(buffer: message.body) == """
        {"frame_number":1,"mode":"motion","objects":[{"area":12,"box":[1,2,5,5],"id":1,"label":"car",\
        "mask_shape":[12,16],"score":0.5,"sighting":"measured"}],"stream":"drone","timestamp":1}
        """)
    #expect(source.record.pictures == ["1 1000000000 true", "2 2000000000 true"])
    let state = service.state
    #expect(state.phase == .running && state.mode == .motion && state.method == "motion")
    #expect(state.frameCount == 2 && state.skippedCount == 3 && state.objectCount == 1 && state.frameNumber == 2)
    #expect(state.report.model == "script" && state.report.choices == [.init("input", "8×6")])
    await service.finish()
    #expect(source.record.finished == 1)
  }

  @Test func aModeChangesWithTheNextFrameAndIdentifiersDoNotComeAgain() async throws {
    let source = ScriptedSource(objects: { [ScriptedSource.object($0, id: 1), ScriptedSource.object($0, id: 3)] })
    let service = service(source)
    try await service.consume(frame(1))
    try service.request(DetectionRequest(mode: "grounded", prompt: " red \n car. "))
    try await service.consume(frame(2))
    try service.request(DetectionRequest(prompt: "person."))
    try await service.consume(frame(3))
    service.restart()
    try await service.consume(frame(4))
    let found = try await received()
    #expect(found.map(\.mode) == ["motion", "grounded", "grounded", "grounded"])
    #expect(found.map { $0.objects.map(\.id) } == [[1, 3], [4, 6], [4, 6], [7, 9]])
    #expect(
      source.record.made == [
        "motion: \(DetectionServiceOptions.usualPrompt)", "grounded: red car.", "grounded: person.",
      ])
    #expect(source.record.prompts == ["person."] && source.record.finished == 2)
  }

  @Test func noneLooksAtNothingUntilAnotherModeIsWanted() async throws {
    let source = ScriptedSource()
    let service = service(source) { $0.mode = DetectionMode.none }
    #expect(service.state.phase == .off)
    try await service.consume(frame(1))
    #expect(source.record.made.isEmpty && results.backlog.messages == 0)
    try service.request(DetectionRequest(mode: "yolo"))
    try await service.consume(frame(2))
    try service.request(DetectionRequest(mode: "none"))
    try await service.consume(frame(3))
    #expect(try await received().map(\.frameNumber) == [2])
    #expect(service.state.phase == .off && service.state.mode == .none && service.state.objectCount == 0)
    #expect(source.record.finished == 1)
  }

  @Test func wishesThatMakeNoSenseAreRefusedAndChangeNothing() async throws {
    let service = service(ScriptedSource(modes: [.motion])) { $0.promptBytes = 10 }
    #expect(throws: DetectionRefusal.unknownMode("magic")) { try service.request(DetectionRequest(mode: "magic")) }
    #expect(throws: DetectionRefusal.unavailable(.grounded, reason: "no model is there")) {
      try service.request(DetectionRequest(mode: "grounded", prompt: "car."))
    }
    #expect(throws: DetectionRefusal.badPrompt(reason: "empty")) {
      try service.request(DetectionRequest(prompt: " . "))
    }
    #expect(throws: DetectionRefusal.badPrompt(reason: "longer than 10 bytes")) {
      try service.request(DetectionRequest(prompt: "eleven byte"))
    }
    try await service.consume(frame(1))
    #expect(service.state.mode == .motion && service.state.prompt == DetectionServiceOptions.usualPrompt)
    #expect(service.availableModes == [.none, .motion])
  }

  @Test func aPromptThatTheFinderDoesNotUnderstandStaysOut() async throws {
    let source = ScriptedSource(usual: .grounded)
    let service = service(source)
    try await service.consume(frame(1))
    try service.request(DetectionRequest(prompt: "what?"))
    try await service.consume(frame(2))
    #expect(service.state.prompt == DetectionServiceOptions.usualPrompt && service.state.problem != nil)
    #expect(service.state.phase == .running && source.record.prompts.isEmpty)
  }

  @Test func motionTakesThePlaceOfAModeThatCannotBeStarted() async throws {
    let source = ScriptedSource(usual: .grounded, broken: [.grounded])
    let service = service(source)
    try await service.consume(frame(1))
    #expect(service.state.mode == .motion && service.state.phase == .running)
    #expect(service.state.problem?.contains("grounded could not be started") == true)
    #expect(service.unhealthyReason == nil)
    try service.request(DetectionRequest(mode: "yolo"))
    try await service.consume(frame(2))
    #expect(service.state.mode == .yolo && service.state.problem == nil)
  }

  @Test func whereNothingCanBeStartedTheHealthCheckSaysSo() async throws {
    let source = ScriptedSource(usual: .grounded, broken: [.grounded, .motion])
    let service = service(source)
    await #expect(throws: ScriptedSource.Unknown.self) { try await service.prepare() }
    try await service.consume(frame(1))
    try await service.consume(frame(2))
    #expect(service.state.phase == .failed && service.unhealthyReason != nil && source.record.made.isEmpty)
  }

  @Test func framesThatFailAreLeftOutAndTellTheHealthCheck() async throws {
    let service = service(
      ScriptedSource(objects: { number in
        guard number != 1 else { throw ScriptedSource.Unknown() }
        return number < 40 ? [TrackedObject(id: 1, label: "", score: .nan, box: .zero)] : []
      }))
    await #expect(throws: ScriptedSource.Unknown.self) { try await service.consume(frame(1)) }
    for number in 2...30 {
      await #expect(throws: DetectionServiceError.notANumber(object: 1)) { try await service.consume(frame(number)) }
    }
    #expect(service.unhealthyReason == "the last 30 frames could not be looked at")
    #expect(service.frameProblem?.hasPrefix("frame 1: ") == true && results.backlog.messages == 0)
    try await service.consume(frame(40))
    #expect(service.unhealthyReason == nil)
  }

  @Test func everyFrameOfAFileIsALineAndTheNameComesAtTheEnd() async throws {
    let folder = TemporaryFolder()
    let path = folder.path("out.jsonl")
    let mask = RunLengthMask(resolution: size, columns: 3..<5, rows: 2..<4) { _, _ in true }
    let source = ScriptedSource(objects: { number in
      let odd = TrackedObject(
        id: 7, label: "a \"b\\\n", score: 0.12345, box: SIMD4(-0.25, 2.004, 5, 99), mask: number == 2 ? mask : nil)
      return number == 3 ? [] : [ScriptedSource.object(number), odd]
    })
    let file = try DetectionResultsFile(path, isLive: false)
    let service = service(source) { $0.results = file }
    for number in 1...3 { try await service.consume(frame(number, isLive: false)) }
    #expect(!FileManager.default.fileExists(atPath: path))
    await service.finish()
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let counts = mask.counts
    let box = RunLengthMask(resolution: size, columns: 0..<5, rows: 2..<12) { _, _ in true }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 4 && lines[3].isEmpty)
    #expect(
      lines[1] == """
        {"frame_number":2,"timestamp":2.000000000,"objects":[{"id":1,"label":"car","score":0.5000,\
        "box":[2.00,2.00,6.00,5.00],"area":12,"mask":{"size":[12,16],"counts":"\(
        RunLengthMask(resolution: size, columns: 2..<6, rows: 2..<5) { _, _ in true }.counts
          .replacingOccurrences(of: "\\", with: "\\\\"))"}},{"id":7,\
        "label":"a \\"b\\\\\\u000a","score":0.1235,"box":[-0.25,2.00,5.00,99.00],"area":4,"mask":{"size":[12,16],\
        "counts":"\(counts.replacingOccurrences(of: "\\", with: "\\\\"))"}}]}
        """)
    #expect(lines[0].contains("\"area\":\(box.area),"), "where there is no mask, the box is it")
    #expect(lines[2] == #"{"frame_number":3,"timestamp":3.000000000,"objects":[]}"#)
    #expect(!FileManager.default.fileExists(atPath: path + ".part") && file.failure == nil)
  }

  @Test func linesOfALiveStreamAreThereAtOnce() async throws {
    let folder = TemporaryFolder()
    let path = folder.path("out.jsonl")
    let file = try DetectionResultsFile(path, isLive: true)
    let service = service(ScriptedSource()) { $0.results = file }
    try await service.consume(frame(1))
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix("}\n"))
  }

  @Test func aFolderThatIsNotThereIsSaid() throws {
    let folder = TemporaryFolder()
    #expect(throws: FileFailure(.create, folder.path("none/out.jsonl.part"), code: ENOENT)) {
      _ = try DetectionResultsFile(folder.path("none/out.jsonl"), isLive: false)
    }
  }
}
