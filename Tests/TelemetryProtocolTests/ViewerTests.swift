import MediaModel
import NIOCore
import TelemetryProtocol
import TestSupport
import Testing

struct ViewerCommandTests {
  @Test(arguments: [
    (#"{"type":"movement","x":-1,"y":1}"#, ViewerCommand.Kind.movement),
    (#"{"type":"movement","x":0.5,"extra":[1],"timestamp":"1763855474123456789"}"#, .movement),
    (#"{"type":"rotation","yaw":0.1,"z":-0.2}"#, .rotation),
    (#"{"type":"joystick","anything":4}"#, .joystick),
    (#"{"type":"camera","action":"toggle"}"#, .camera),
    (#"{"type":"flightmode","action":"return_home"}"#, .flightmode),
  ])
  func commandsAreKeptAsTheyCame(json: String, kind: ViewerCommand.Kind) throws {
    let command = try ViewerCommand(text(json))
    #expect(command.kind == kind)
    #expect(command.body == text(json))
    #expect(command.timestampNanos == (json.contains("timestamp") ? 1_763_855_474_123_456_789 : nil))
  }

  @Test(arguments: [
    (#"{"type":"movement","x":1.01}"#, TelemetryReject.range("x")), (#"{"type":"movement"}"#, .field("x")),
    (#"{"type":"movement","x":"1"}"#, .field("x")), (#"{"type":"rotation","z":-2}"#, .range("z")),
    (#"{"type":"camera","action":"explode"}"#, .range("action")), (#"{"type":"camera"}"#, .field("action")),
    (#"{"type":"flightmode","action":1}"#, .field("action")), (#"{"type":"joystick","x":1e999}"#, .range("joystick")),
    (#"{"type":"restart"}"#, .unknownCommand), (#"{"x":1}"#, .noType), ("[]", .notAnObject),
    (#"{"type":"movement","x":0,"timestamp":"yesterday"}"#, .timestamp),
  ])
  func othersAreRefused(json: String, expected: TelemetryReject) {
    #expect(reject { () throws(TelemetryReject) in _ = try ViewerCommand(text(json)) } == expected)
  }

  @Test func damagedCommandsNeverTrap() {
    let seeds = [
      text(#"{"type":"movement","x":-1,"y":1,"timestamp":"1763855474123456789"}"#),
      text(#"{"type":"camera","action":"toggle"}"#),
    ]
    var passed = 0
    Mutation.forEach(of: seeds, count: 10_000) { message in
      guard let command = try? ViewerCommand(message) else { return }
      passed += 1
      #expect(command.body == message)
    }
    #expect(passed > 50)
  }
}

struct CommandQueueTests {
  private func entry(_ kind: ViewerCommand.Kind, _ name: String, at time: Double = 0) -> CommandQueue.Entry {
    CommandQueue.Entry(kind: kind, message: text(name), receivedAt: milliseconds(time))
  }

  private func drain(_ queue: inout CommandQueue, at time: Double) -> (sent: [String], dropped: Int) {
    var result = (sent: [String](), dropped: 0)
    while let entry = queue.next(at: milliseconds(time), dropped: { _ in result.dropped += 1 }) {
      result.sent.append(String(buffer: entry.message))
    }
    return result
  }

  @Test func theNewestOfAContinuousKindCounts() {
    var queue = CommandQueue()
    #expect(queue.add(entry(.movement, "m1")) == nil)
    #expect(queue.add(entry(.rotation, "r1")) == nil)
    #expect(queue.add(entry(.camera, "c1")) == nil)
    #expect(queue.add(entry(.movement, "m2")) == .replaced)
    #expect(queue.add(entry(.camera, "c2")) == nil)
    #expect(drain(&queue, at: 1).sent == ["r1", "c1", "m2", "c2"])
  }

  @Test func oldCommandsAreNotSent() {
    var queue = CommandQueue()
    _ = queue.add(entry(.movement, "m", at: 0))
    _ = queue.add(entry(.camera, "c", at: 0))
    var (sent, dropped) = drain(&queue, at: 501)
    #expect(sent == ["c"])
    #expect(dropped == 1)
    _ = queue.add(entry(.flightmode, "f", at: 0))
    (sent, dropped) = drain(&queue, at: 5_001)
    #expect(sent.isEmpty)
    #expect(dropped == 1)
  }

  @Test func whatIsKeptIsBounded() {
    var queue = CommandQueue()
    for index in 0..<100 { #expect(queue.add(entry(.camera, "\(index)")) == (index < 16 ? nil : .full)) }
    for _ in 0..<100 { _ = queue.add(entry(.joystick, "j")) }
    #expect(queue.count == 17)
    #expect(drain(&queue, at: 0).sent == (84..<100).map { "\($0)" } + ["j"])
  }
}

struct ViewerQueueTests {
  @Test(arguments: 0..<10)
  func theOldestGoesFirstWhenItIsFull(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var limits = ViewerQueue.Limits()
    limits.messages = 20
    limits.bytes = 100
    var queue = ViewerQueue(limits: limits)
    var model: [ByteBuffer] = []
    for index in 0..<2_000 {
      if Int.random(in: 0..<3, using: &random) == 0 {
        #expect(queue.next() == (model.isEmpty ? nil : model.removeFirst()))
      } else {
        let message = text(String(repeating: "x", count: Int.random(in: 0...12, using: &random)) + "\(index)")
        model.append(message)
        var dropped = 0
        while model.count > 1, model.count > 20 || model.reduce(0, { $0 + $1.readableBytes }) > 100 {
          model.removeFirst()
          dropped += 1
        }
        #expect(queue.add(message) == dropped)
      }
      #expect(queue.count == model.count)
    }
  }
}

struct RateLimitTests {
  @Test func theNewestOfEachIntervalPasses() {
    var limit = RateLimit<Int>(perSecond: 60)
    var passed: [Int] = []
    for index in 0..<200 {
      let now = milliseconds(Double(index) * 5)
      if let due = limit.nextDeadline, due <= now, let element = limit.deadlineReached(at: due) {
        passed.append(element)
      }
      if let element = limit.offer(index, at: now).passed { passed.append(element) }
    }
    #expect((59...61).contains(passed.count))
    #expect(zip(passed, passed.dropFirst()).allSatisfy { $0 < $1 })
    #expect((limit.nextDeadline == nil) == (passed.last == 199))
  }

  @Test func withoutALimitEverythingPasses() {
    var limit = RateLimit<Int>(perSecond: nil)
    for index in 0..<5 { #expect(limit.offer(index, at: milliseconds(0)).passed == index) }
  }
}

struct ViewerMessagesTests {
  @Test func bodiesAreKeptAsTheyAre() {
    let body = text(#"{ "timestamp":1763855474123456789 }"#)
    #expect(
      ViewerMessages.wrapping(body, as: "imu_data", type: "imu_data", stream: "drone")
        == text(#"{"type":"imu_data","stream":"drone","imu_data":{ "timestamp":1763855474123456789 }}"#))
    #expect(
      ViewerMessages.merging(
        text(#"{"pose":[[1]],"type":"x","n\"":1}"#), type: "trajectory_update", stream: nil)
        == text(#"{"type":"trajectory_update","pose":[[1]],"n\"":1}"#))
    #expect(ViewerMessages.wrapping(text("1}"), as: "event", type: "event", stream: nil) == nil)
    #expect(ViewerMessages.merging(text("nothing"), type: "event", stream: nil) == nil)
  }

  @Test func namesOfFilesCannotBreakAnAnswer() throws {
    let answer = ViewerMessages.uploadResult(name: "a\"\\\n\u{1}.csv", savedAs: nil, bytes: 0, problem: .name)
    let object = try JSONObject(answer)
    #expect(object.text("fileName") == "a\"\\\n\u{1}.csv")
    #expect(object.boolean("ok") == false)
    #expect(object.text("reason") == "name")
  }
}
