import MediaModel
import TelemetryProtocol
import TestSupport
import Testing

struct UploadFileNameTests {
  @Test(arguments: ["log.csv", "flight 1.CSV", "Flüge-2025.txt", "日本.tsv", "a.b.c.log", "10.csv"])
  func plainNamesAreTaken(name: String) throws {
    #expect(try UploadFileName(name).text == name)
  }

  @Test func namesAreNormalised() throws {
    // u and a combining diaeresis.
    #expect(try UploadFileName("u\u{308}.csv").text.unicodeScalars.elementsEqual("\u{FC}.csv".unicodeScalars))
  }

  @Test(arguments: [
    "", ".", "..", "../a.csv", "/etc/a.csv", "a/b.csv", "a\\b.csv", "..\\a.csv", ".hidden.csv", "a\u{0}.csv",
    "a\n.csv", "a\u{7F}.csv", "C:a.csv", "a.csv:stream.csv", "CON.csv", "con.csv", "NUL .csv", "com1.csv", "COM¹.csv",
    "lpt9.x.csv", "aux.csv", "a.csv.", "a.csv ", " a.csv", "-rf.csv", "~a.csv", "a*.csv", "a?.csv", "a|b.csv",
    "a\u{202E}vsc.csv", "a\u{200B}.csv", "a\u{2028}.csv", "a\u{FF0F}b.csv", "\u{FF0E}\u{FF0E}\u{2215}a.csv",
    "\u{2024}a.csv", "a\u{E000}.csv",
  ])
  func othersAreNot(name: String) {
    #expect(throws: UploadProblem.name) { try UploadFileName(name) }
  }

  @Test func longNamesAreNotTaken() {
    #expect(throws: UploadProblem.name) { try UploadFileName(String(repeating: "a", count: 197) + ".csv") }
    // One character of many bytes once it is normalised.
    #expect(throws: UploadProblem.name) { try UploadFileName(String(repeating: "\u{FDFA}", count: 50) + ".csv") }
  }

  /// Files that recordings have beside the uploads cannot be forged.
  @Test(arguments: ["metadata.json", "video.mp4", "frame_000030.jpg", "a", "a.html", "a.csv.exe", "csv"])
  func otherTypesAreNotTaken(name: String) {
    #expect(throws: UploadProblem.type) { try UploadFileName(name) }
  }

  @Test func numbersComeBeforeTheType() throws {
    #expect(try UploadFileName("a.b.csv").numbered(2) == "a.b-2.csv")
  }
}

struct UploadDeskTests {
  private func contents(_ actions: [UploadDesk.Action]) -> [String] {
    actions.compactMap { action in
      guard case .append(_, let text) = action else { return nil }
      return text
    }
  }

  private func feed(
    _ messages: [UploadMessage], limits: UploadLimits = UploadLimits()
  ) -> (actions: [UploadDesk.Action], problems: [UploadProblem], repeated: Int, open: Int) {
    var desk = UploadDesk(limits: limits)
    var (actions, problems, repeated) = ([UploadDesk.Action](), [UploadProblem](), 0)
    for message in messages {
      let effects = desk.received(message, at: HostTime(nanos: 0))
      actions += effects.actions
      problems += effects.failures.map(\.problem)
      repeated += effects.repeated
    }
    return (actions, problems, repeated, desk.openCount)
  }

  private func chunk(_ index: Int, _ name: String = "a.csv") -> UploadMessage {
    .chunk(name: name, index: index, content: "<\(index)>")
  }

  private let start = UploadMessage.start(name: "a.csv", chunks: nil)
  private let complete = UploadMessage.complete(name: "a.csv", chunks: nil)

  @Test func aWholeFile() throws {
    let name = try UploadFileName("a.csv")
    let result = feed([.whole(name: "a.csv", content: "x,y")])
    #expect(result.actions == [.begin(1, name), .append(1, "x,y"), .commit(1, given: "a.csv")])
    #expect(result.problems.isEmpty)
  }

  @Test(arguments: 0..<30)
  func chunksInAnyOrderMakeTheSameFile(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let base = Int(seed % 2)
    var indices = Array(base..<(base + 20))
    indices += [indices[3], indices[7]]
    indices.shuffle(using: &random)
    let result = feed([start] + indices.map { chunk($0) } + [complete])
    #expect(contents(result.actions) == (base..<(base + 20)).map { "<\($0)>" })
    #expect(result.actions.last == .commit(1, given: "a.csv"))
    #expect(result.repeated == 2)
    #expect(result.open == 0)
  }

  @Test func missingChunksFail() {
    for messages in [
      [start, chunk(0), chunk(2), complete], [start, chunk(2), complete],
      [.start(name: "a.csv", chunks: 3), chunk(0), chunk(1), complete],
      [start, chunk(0), .complete(name: "a.csv", chunks: 2)],
    ] {
      let result = feed(messages)
      #expect(result.problems == [.missingChunks])
      #expect(result.actions.last == .discard(1))
      #expect(result.open == 0)
    }
  }

  @Test func anEmptyFileIsAFile() {
    #expect(feed([start, complete]).actions.last == .commit(1, given: "a.csv"))
  }

  @Test func limitsHold() {
    var limits = UploadLimits()
    limits.fileBytes = 8
    #expect(feed([.whole(name: "a.csv", content: "123456789")], limits: limits).problems == [.tooLarge])
    let large = feed([start, chunk(0), chunk(1), chunk(2)], limits: limits)
    #expect(large.problems == [.tooLarge])
    #expect(large.open == 0)
    let names = (0..<6).map { UploadMessage.start(name: "\($0).csv", chunks: nil) }
    let many = feed(names)
    #expect(many.problems == [.tooManyOpen, .tooManyOpen])
    #expect(many.open == 4)
    let ahead = feed([start] + (2..<100).map { chunk($0) })
    #expect(ahead.problems.first == .tooFarAhead)
    #expect(ahead.open == 0)
  }

  @Test func onlyWhatWasBegunGoesOn() {
    #expect(feed([chunk(0)]).problems == [.notStarted])
    #expect(feed([complete]).problems == [.notStarted])
    let twice = feed([start, start, chunk(0), complete])
    #expect(twice.problems == [.alreadyOpen])
    #expect(twice.actions.last == .commit(1, given: "a.csv"))
    #expect(feed([.whole(name: "../a.csv", content: "")]).problems == [.name])
    #expect(feed([.start(name: "a.json", chunks: nil)]).problems == [.type])
  }

  @Test func silenceEndsAFile() {
    var desk = UploadDesk()
    _ = desk.received(start, at: milliseconds(0))
    _ = desk.received(chunk(0), at: milliseconds(30_000))
    #expect(desk.nextDeadline == milliseconds(90_000))
    #expect(desk.deadlineReached(at: milliseconds(60_000)).actions.isEmpty)
    let effects = desk.deadlineReached(at: milliseconds(90_000))
    #expect(effects.actions == [.discard(1)])
    #expect(effects.failures.map { "\($0.name) \($0.problem)" } == ["a.csv abandoned"])
    #expect(desk.nextDeadline == nil)
    _ = desk.received(start, at: milliseconds(90_000))
    #expect(desk.finish().actions == [.discard(2)])
  }
}
