import Identification
import MediaModel
import ObjectViews
import Testing

@Suite struct IdentificationPartsTests {
  private let start = HostTime(nanos: 5_000_000_000)
  private let wall = WallTime(nanosSince1970: 1_614_265_330_000_000_000)

  @Test func theRateIsThatOfABucket() {
    var limits = RequestLimits()
    (limits.perMinute, limits.burst, limits.perDay) = (6, 2, 4)
    var budget = RequestBudget(limits)
    #expect(budget.take(cost: 1, at: start, wall: wall) == .granted)
    #expect(budget.take(cost: 1, at: start, wall: wall) == .granted)
    guard case .later(let wait) = budget.take(cost: 1, at: start, wall: wall) else {
      Issue.record("a third at once is too much")
      return
    }
    #expect(abs(wait.seconds - 10) < 1e-3)
    #expect(budget.take(cost: 1, at: start.advanced(by: wait), wall: wall) == .granted)
    let later = start.advanced(by: .seconds(1_000))
    #expect(budget.take(cost: 1, at: later, wall: wall) == .granted)
    #expect(budget.take(cost: 1, at: later, wall: wall) == .exhausted, "four a day")
    #expect(budget.requestsToday == 4 && budget.costToday == 4)
    let tomorrow = wall.advanced(by: .seconds(86_400))
    #expect(budget.take(cost: 6, at: later, wall: tomorrow) == .exhausted, "dearer than a day may be")
    #expect(budget.take(cost: 5, at: later, wall: tomorrow) == .granted && budget.costToday == 5)
  }

  @Test func theCacheForgetsWhatWasUsedLongestAgoAndWhatIsOld() {
    var cache = FindingsCache(capacity: 2, threshold: 2, lifetime: .seconds(100))
    let far: [UInt64] = [0, 0xffff, 0xffff_0000]
    cache.store(["name": "a"], of: PerceptualHash(bits: far[0]), label: "x", at: start)
    cache.store(["name": "b"], of: PerceptualHash(bits: far[1]), label: "x", at: start)
    #expect(cache.find(PerceptualHash(bits: 0b11), label: "x", at: start) == ["name": "a"])
    #expect(cache.find(PerceptualHash(bits: 0b111), label: "x", at: start) == nil, "three bits are too many")
    #expect(cache.find(PerceptualHash(bits: 0), label: "y", at: start) == nil)
    cache.store(["name": "c"], of: PerceptualHash(bits: far[2]), label: "x", at: start.advanced(by: .seconds(50)))
    #expect(cache.count == 2 && cache.find(PerceptualHash(bits: far[1]), label: "x", at: start) == nil)
    let later = start.advanced(by: .seconds(101))
    #expect(cache.find(PerceptualHash(bits: far[0]), label: "x", at: later) == nil)
    #expect(cache.find(PerceptualHash(bits: far[2]), label: "x", at: later) == ["name": "c"])
  }

  private func image(_ side: Int, offset: Int) -> ViewImage {
    let luma = (0..<side * side).map { at -> UInt8 in
      let (x, y) = (at % side * 72 / side, at / side * 64 / side)
      return UInt8(60 + offset + (x / 8 * 53 + y / 8 * 31) % 97)
    }
    let chroma = [UInt8](repeating: 128, count: (side + 1) / 2 * ((side + 1) / 2))
    return ViewImage(width: side, height: side, luma: luma, cb: chroma, cr: chroma, isFullRange: true)
  }

  @Test func theHashIsBlindToSizeAndBrightness() {
    let hash = PerceptualHash(image(144, offset: 0))
    #expect(hash.bits != 0 && hash.bits != .max)
    #expect(hash.distance(to: PerceptualHash(image(216, offset: 40))) <= 2)
    #expect(PerceptualHash(bits: 0b1011).distance(to: PerceptualHash(bits: 0b0110)) == 3)
    #expect(PerceptualHash(image(5, offset: 0)).distance(to: PerceptualHash(image(5, offset: 0))) == 0)
  }

  @Test func keysComeFromTheEnvironmentOrAFileAndAreNeverShown() throws {
    let read = { (path: String) throws -> String in
      guard path == "/keys/a" else { throw CancellationError() }
      return " from-file\n"
    }
    let direct = try #require(try APIKey.read("A", environment: ["A": "hush-hush", "A_FILE": "/keys/a"], file: read))
    #expect(!"\(direct)\(String(reflecting: direct))".contains("hush"))
    var dumped = ""
    dump(direct, to: &dumped)
    #expect(!dumped.contains("hush"))
    let fromFile = try APIKey.read("A", environment: ["A_FILE": "/keys/a"], file: read)
    #expect(fromFile != nil)
    let none = try APIKey.read("A", environment: ["A": "", "B": "x"], file: read)
    #expect(none == nil)
    for bad in [["A": "two words"], ["A": "a\r\nb"], ["A_FILE": "/keys/b"], ["A": "hush–hush"]] {
      let error = try #require(throws: IdentificationError.self) {
        _ = try APIKey.read("A", environment: bad, file: read)
      }
      #expect(!"\(error)".contains("hush"))
    }
  }

  @Test(arguments: ["ftp://x", "https://", "nothing", "https://x?key=1"])
  func otherAddressesThanThoseOfServersAreRefused(_ address: String) {
    #expect(throws: IdentificationError.self) { try VisionEndpoint(base: address, model: "m", key: nil) }
  }

  @Test func retriesEndWithTheirNumberAndTheirDeadline() {
    var policy = APIRetryPolicy()
    policy.jitter = 0
    let busy = APIAnswer.status(503, retryAfter: nil)
    #expect(policy.pause(after: busy, failures: 1, elapsed: .zero, chance: 0) == .seconds(1))
    #expect(policy.pause(after: busy, failures: 3, elapsed: .zero, chance: 0) == .seconds(4))
    #expect(policy.pause(after: busy, failures: 4, elapsed: .zero, chance: 0) == nil)
    #expect(policy.pause(after: busy, failures: 1, elapsed: .seconds(179.5), chance: 0) == nil)
    #expect(policy.pause(after: .status(404, retryAfter: nil), failures: 1, elapsed: .zero, chance: 0) == nil)
    #expect(policy.pause(after: .failed("readTimeout"), failures: 1, elapsed: .zero, chance: 0) == .seconds(1))
  }
}
