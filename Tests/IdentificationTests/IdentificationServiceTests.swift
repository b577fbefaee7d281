import BusMessages
import Clocks
import Identification
import Logging
import MediaModel
import MessageBus
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// Identification over real connections to a server that plays the APIs.
@Suite(.timeLimit(.minutes(1))) struct IdentificationServiceTests {
  private let bus = InProcessBus()
  private let group = MultiThreadedEventLoopGroup.singleton
  private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  private let clocks = SystemClocks(
    host: SystemClocks.system.host, wall: { WallTime(nanosSince1970: 1_614_265_330_500_000_000) })

  private func subject(_ id: Int, bits: UInt64 = 0, label: String = "car", url: String? = nil) -> IdentificationSubject
  {
    IdentificationSubject(
      objectID: id, label: label, jpeg: [0xff, 0xd8, UInt8(id)], hash: PerceptualHash(bits: bits), publicURL: url)
  }

  private func answer(_ content: String) -> ScriptedAPIServer.Answer {
    let escaped = content.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    return .json(#"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"\#(escaped)"}}]}"#)
  }

  /// Identifies objects, and gives back what was published, what the server was asked, and how long was waited.
  private func identify(
    _ subjects: [IdentificationSubject], _ answers: [ScriptedAPIServer.Answer],
    limits: RequestLimits = RequestLimits(), timeout: TimeAmount = .seconds(10),
    apis: (String) throws -> [any IdentificationAPI]
  ) async throws -> (results: [IdentificationResult], requests: [ScriptedAPIServer.Request], pauses: [Nanoseconds]) {
    let server = ScriptedAPIServer(answers)
    let url = try await server.start(group)
    var configuration = IdentificationService.Configuration()
    configuration.limits = limits
    configuration.retries.jitter = 0
    let pauses = Mutex<[Nanoseconds]>([])
    let service = IdentificationService(
      configuration, apis: try apis(url), sender: HTTPAPISender(group: group, clocks: clocks, timeout: timeout),
      bus: bus, clocks: clocks, pause: { length in pauses.withLock { $0.append(length) } }, logger: logger)
    let subscription = bus.subscribe(SubscriptionRequest([.identificationResults]))
    for subject in subjects { service.submit(subject) }
    service.finish()
    try await service.run()
    try await server.stop()
    try await bus.flush()
    subscription.close()
    var results: [IdentificationResult] = []
    while let delivery = await subscription.next() { results.append(try IdentificationResult(delivery.message.body)) }
    return (results, server.requests, pauses.withLock { $0 })
  }

  private let generous: RequestLimits = {
    var limits = RequestLimits()
    limits.burst = 100
    return limits
  }()

  @Test func severalObjectsGoInOneRequestToAVisionEndpoint() async throws {
    let content = """
      ```json
      [{"name":"red hatchback","description":"A small car."},{"name":"van"}]
      ```
      """
    let (results, requests, _) = try await identify([subject(1), subject(2, bits: .max)], [answer(content)]) { url in
      [try VisionEndpoint(base: url + "/v1/", model: "eyes", key: APIKey("sk-secret"), batch: 4)]
    }
    #expect(results.map(\.objectID) == [1, 2])
    #expect(results[0].results == ["name": "red hatchback", "description": "A small car."])
    #expect(results[1].results == ["name": "van"] && results[1].timestamp == 1_614_265_330.5)
    let request = try #require(requests.first)
    #expect(requests.count == 1 && request.method == "POST" && request.uri == "/v1/chat/completions")
    #expect(request.headers["authorization"] == "Bearer sk-secret")
    #expect(request.headers["content-type"] == "application/json")
    let task =
      "Each picture shows one object. Say what it is, as exactly as the picture allows. Answer with a JSON array of "
      + "2 objects, one for each picture in order, and nothing else: "
      + #"[{\"name\": \"kind, make and model\", \"description\": \"one sentence\"}]"#
    #expect(
      request.body == #"{"max_tokens":400,"messages":[{"content":[{"text":"\#(task)","type":"text"}],"role":"system"},"#
        + #"{"content":[{"text":"Picture 1, found as “car”:","type":"text"},"#
        + #"{"image_url":{"url":"data:image/jpeg;base64,/9gB"},"type":"image_url"},"#
        + #"{"text":"Picture 2, found as “car”:","type":"text"},"#
        + #"{"image_url":{"url":"data:image/jpeg;base64,/9gC"},"type":"image_url"}],"role":"user"}],"#
        + #""model":"eyes","temperature":0}"#)
  }

  @Test func dimensionsAreAskedOfWhatLensFound() async throws {
    let lens =
      #"{"visual_matches":[{"position":1,"title":"VW Golf VII","link":"https://example.org/golf"},{"title":"Golf"}]}"#
    let sizes = answer(#"{"length_m": 4.255, "width_m": 1.799, "height_m": null}"#)
    let (results, requests, _) = try await identify(
      [subject(7, url: "https://pictures.example/a b.jpg?x=1")], [.json(lens), sizes]
    ) { url in
      let key = try #require(APIKey("p+key"))
      return [try GoogleLens(key: key, base: url), try DimensionSearch(key: key, base: url)]
    }
    #expect(
      results.first?.results == [
        "google_lens": "VW Golf VII; Golf", "google_lens_link": "https://example.org/golf", "length_m": "4.255",
        "width_m": "1.799",
      ])
    #expect(requests.count == 2 && requests[0].method == "GET")
    #expect(
      requests[0].uri
        == "/search.json?engine=google_lens&url=https%3A%2F%2Fpictures.example%2Fa%20b.jpg%3Fx%3D1&api_key=p%2Bkey")
    #expect(requests[1].uri == "/chat/completions" && requests[1].headers["authorization"] == "Bearer p+key")
    #expect(requests[1].body.contains(#"{"text":"VW Golf VII; Golf","type":"text"}"#))
  }

  @Test func withoutAPublicAddressLensIsNotAsked() async throws {
    let (results, requests, _) = try await identify([subject(1)], []) { url in
      [try GoogleLens(key: try #require(APIKey("k")), base: url)]
    }
    #expect(results.isEmpty && requests.isEmpty)
  }

  @Test func busyServersAreAskedAgainAfterTheTimeTheyWant() async throws {
    let answers: [ScriptedAPIServer.Answer] = [
      .status(429, headers: ["Retry-After": "7"]), .status(503), .cut, answer("A tram."),
    ]
    let (results, requests, pauses) = try await identify([subject(1)], answers, limits: generous) { url in
      [try VisionEndpoint(base: url, model: "eyes", key: nil)]
    }
    #expect(results.first?.results == ["name": "A tram."] && requests.count == 4)
    #expect(pauses == [.seconds(7), .seconds(2), .seconds(4)])
    #expect(requests[0].headers["authorization"] == nil)
  }

  @Test(arguments: [
    ScriptedAPIServer.Answer.status(401), .status(302, headers: ["Location": "http://127.0.0.1:9/"]),
    .status(429, headers: ["Retry-After": "3600"]), .json("<html>"), .json(#"{"choices":[]}"#), .json("{}"),
  ])
  func whatCannotBeHelpedIsNotTriedAgain(_ bad: ScriptedAPIServer.Answer) async throws {
    let (results, requests, pauses) = try await identify([subject(1)], [bad], limits: generous) { url in
      [try VisionEndpoint(base: url, model: "eyes", key: nil)]
    }
    #expect(results.isEmpty && requests.count == 1 && pauses.isEmpty)
  }

  @Test func aSilentServerIsGivenUp() async throws {
    let answers = [ScriptedAPIServer.Answer](repeating: .silence, count: 4)
    let (results, requests, pauses) = try await identify(
      [subject(1)], answers, limits: generous, timeout: .milliseconds(60)
    ) { url in [try VisionEndpoint(base: url, model: "eyes", key: nil)] }
    #expect(results.isEmpty && requests.count == 4 && pauses == [.seconds(1), .seconds(2), .seconds(4)])
  }

  @Test func whatLooksTheSameIsAskedForOnce() async throws {
    let answers = [answer("A tram."), answer("A bus.")]
    let subjects = [
      subject(1, bits: 0), subject(2, bits: 0b111), subject(3, bits: 0b111, label: "bus"), subject(4, bits: 1),
    ]
    let (results, requests, _) = try await identify(subjects, answers, limits: generous) { url in
      [try VisionEndpoint(base: url, model: "eyes", key: nil, batch: 1)]
    }
    #expect(requests.count == 2, "one for each label")
    #expect(results.map { $0.results["name"] } == ["A tram.", "A tram.", "A bus.", "A tram."])
  }

  @Test func theBudgetOfADayEnds() async throws {
    var limits = generous
    limits.costPerDay = 0.025
    let subjects = (0..<4).map { subject($0, bits: UInt64.max << UInt64(16 * $0)) }
    let answers = [ScriptedAPIServer.Answer](repeating: answer("x"), count: 4)
    let (results, requests, _) = try await identify(subjects, answers, limits: limits) { url in
      [try VisionEndpoint(base: url, model: "eyes", key: nil, batch: 1, cost: 0.01)]
    }
    #expect(results.count == 2 && requests.count == 2)
  }

  @Test func ofTooManyTheOldestGoes() async throws {
    let subjects = (0..<70).map { subject($0, bits: 0) }
    let (results, _, _) = try await identify(subjects, [answer("x")], limits: generous) { url in
      [try VisionEndpoint(base: url, model: "eyes", key: nil, batch: 1)]
    }
    #expect(results.map(\.objectID) == Array(6..<70))
  }
}
