import CodedMedia
import MediaModel
import Relay
import TestSupport
import Testing

@Suite struct ReaderQueueTests {
  private let start = HostTime(nanos: 0)

  private func options(
    _ policy: ReaderPolicy = .decodable, units: Int = 4, bytes: Int = 1 << 20, deadline: Nanoseconds? = nil
  ) -> ReaderOptions {
    ReaderOptions(
      policy: policy, deadline: deadline, limits: ReaderLimits(units: units, bytes: bytes), transport: .websocket)
  }

  /// Numbers of what comes out.
  private func drain(_ queue: inout ReaderQueue, at now: HostTime = HostTime(nanos: 0)) -> [UInt64] {
    var numbers: [UInt64] = []
    while let delivery = queue.next(at: now) { numbers.append(delivery.unit.sequence) }
    return numbers
  }

  @Test func nothingComesBeforeAKeyFrame() {
    var queue = ReaderQueue(options: options())
    for unit in makeUnits("..K.") { _ = queue.offer(unit, at: start) }
    #expect(drain(&queue) == [3, 4])
    #expect(queue.droppedUnits == 0, "nothing was promised before the key frame")
  }

  @Test func overflowLeavesOutEverythingUpToTheNextKeyFrame() {
    var queue = ReaderQueue(options: options(units: 3))
    var outcomes: [ReaderQueue.Outcome] = []
    for unit in makeUnits("K.....") { outcomes.append(queue.offer(unit, at: start)) }
    #expect(outcomes == [.queued, .queued, .queued, .dropped, .dropped, .dropped])
    #expect(drain(&queue) == [1, 2, 3])
    for unit in makeUnits(".K.", from: 7) { _ = queue.offer(unit, at: start) }
    let first = queue.next(at: start)
    #expect(first?.unit.sequence == 8)
    #expect(first?.skipped == 4)
    #expect(queue.droppedUnits == 4)
  }

  @Test func keyFrameReplacesABacklogThatIsFull() {
    var queue = ReaderQueue(options: options(units: 3))
    for unit in makeUnits("K..K.") { _ = queue.offer(unit, at: start) }
    #expect(drain(&queue) == [4, 5])
    #expect(queue.droppedUnits == 3)
  }

  @Test func keyFrameAfterAnOverflowReplacesTheBacklogEvenWhenThereIsRoomAgain() {
    var queue = ReaderQueue(options: options(units: 3))
    for unit in makeUnits("K...") { _ = queue.offer(unit, at: start) }
    #expect(queue.next(at: start)?.unit.sequence == 1)
    _ = queue.offer(makeUnits("K", from: 5)[0], at: start)
    #expect(drain(&queue) == [5])
  }

  @Test func recorderKeepsItsBacklog() {
    var wish = options(units: 3)
    wish.keepsBacklog = true
    var queue = ReaderQueue(options: wish)
    for unit in makeUnits("K..K.") { _ = queue.offer(unit, at: start) }
    #expect(queue.next(at: start)?.unit.sequence == 1)
    for unit in makeUnits(".K.", from: 6) { _ = queue.offer(unit, at: start) }
    #expect(drain(&queue) == [2, 3, 7])
  }

  @Test func bytesBoundTheQueueToo() {
    var queue = ReaderQueue(options: options(units: 100, bytes: 250))
    for unit in makeUnits("K...") { _ = queue.offer(unit, at: start) }
    #expect(queue.byteCount == 200)
    #expect(drain(&queue) == [1, 2])
  }

  @Test func unitLargerThanTheBoundStillGoesThroughAnEmptyQueue() {
    var queue = ReaderQueue(options: options(units: 100, bytes: 50))
    #expect(queue.offer(makeUnits("K")[0], at: start) == .queued)
    #expect(drain(&queue) == [1])
  }

  @Test func losslessEndsInsteadOfDropping() {
    var queue = ReaderQueue(options: options(.lossless, units: 2))
    let outcomes = makeUnits("K..").map { queue.offer($0, at: start) }
    #expect(outcomes == [.queued, .queued, .overflow])
    #expect(drain(&queue) == [1, 2])
  }

  @Test func latestThrowsTheBacklogAwayAtAKeyFrame() {
    var queue = ReaderQueue(options: options(.latest, units: 10))
    for unit in makeUnits("K..K.") { _ = queue.offer(unit, at: start) }
    #expect(drain(&queue) == [4, 5])
  }

  @Test func keyframesKeepsTheNewestOnly() {
    var queue = ReaderQueue(options: options(.keyframes))
    for unit in makeUnits("K.K..K.") { _ = queue.offer(unit, at: start) }
    #expect(drain(&queue) == [6])
  }

  @Test func deadlineLeavesOutLatePicturesUpToAKeyFrame() {
    var queue = ReaderQueue(options: options(units: 100, deadline: .milliseconds(300)))
    let units = makeUnits("K...K.")
    for (index, unit) in units.enumerated() {
      _ = queue.offer(unit, at: start.advanced(by: .milliseconds(Int64(index) * 100)))
    }
    // At 450 ms the units offered at 0 and 100 ms are late; 3 and 4 need them.
    #expect(drain(&queue, at: start.advanced(by: .milliseconds(450))) == [5, 6])
    #expect(queue.droppedUnits == 4)
  }

  @Test func deadlineWithoutAKeyFrameWaitsForOne() {
    var queue = ReaderQueue(options: options(units: 100, deadline: .milliseconds(100)))
    for unit in makeUnits("K..") { _ = queue.offer(unit, at: start) }
    let late = start.advanced(by: .milliseconds(200))
    #expect(drain(&queue, at: late).isEmpty)
    for unit in makeUnits(".K", from: 4) { _ = queue.offer(unit, at: late) }
    #expect(drain(&queue, at: late) == [5])
  }

  @Test func startingGroupIsNotHeldAgainstTheReader() {
    var queue = ReaderQueue(options: options(units: 2))
    queue.start(with: makeUnits("K........."), latestSequence: 10, at: start)
    let following = makeUnits("..", from: 11).map { queue.offer($0, at: start) }
    #expect(following == [.queued, .queued])
    #expect(drain(&queue) == Array(1...12))
  }

  @Test func unitsOfTheStartingGroupAreNotTakenTwice() {
    var queue = ReaderQueue(options: options())
    let units = makeUnits("K..")
    queue.start(with: Array(units.prefix(2)), latestSequence: 2, at: start)
    for unit in units { _ = queue.offer(unit, at: start) }
    #expect(drain(&queue) == [1, 2, 3])
  }

  @Test func holeInTheNumbersCountsAsALoss() {
    var queue = ReaderQueue(options: options(units: 100))
    let units = makeUnits("K....K")
    for unit in [units[0], units[1], units[3], units[4], units[5]] { _ = queue.offer(unit, at: start) }
    #expect(drain(&queue) == [1, 2, 6])
  }

  @Test func parameterSetsComeWhenTheyAreNewAndNotInTheUnit() {
    var queue = ReaderQueue(options: options(units: 100))
    let (first, second) = (makeSets(1), makeSets(2))
    let units = makeUnits("K.", sets: first) + makeUnits("K.", sets: second, from: 3)
    for unit in units { _ = queue.offer(unit, at: start) }
    var given: [ObjectIdentifier?] = []
    while let delivery = queue.next(at: start) { given.append(delivery.parameterSets.map(ObjectIdentifier.init)) }
    #expect(given == [ObjectIdentifier(first), nil, ObjectIdentifier(second), nil])
  }

  /// Whatever is offered and taken in whatever order: every delivered picture is a key frame, or follows the picture
  /// before it in the stream directly.
  @Test(arguments: ReaderPolicy.allCases)
  func whatComesOutAlwaysDecodes(policy: ReaderPolicy) {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let deadline: Nanoseconds? = Bool.random(using: &random) ? .milliseconds(50) : nil
      var queue = ReaderQueue(
        options: options(policy, units: Int.random(in: 1...6, using: &random), deadline: deadline))
      var now = start
      var previous: UInt64?
      offering: for number in 1...200 as ClosedRange<UInt64> {
        let isKey = number == 1 || Int.random(in: 0..<12, using: &random) == 0
        let unit = makeUnits(isKey ? "K" : ".", size: Int.random(in: 10...400, using: &random), from: number)[0]
        if queue.offer(unit, at: now) == .overflow { break offering }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
          guard let delivery = queue.next(at: now) else { break }
          let follows = previous.map { $0 + 1 == delivery.unit.sequence } ?? false
          #expect(delivery.unit.isKeyFrame || follows)
          previous = delivery.unit.sequence
        }
        now = now.advanced(by: .milliseconds(Int64.random(in: 0...30, using: &random)))
      }
    }
  }
}
