import FoxgloveBridge
import NIOCore
import Testing

@Suite struct FoxgloveQueueTests {
  private func message(_ channel: UInt32, _ time: UInt64, _ kind: FoxgloveMessage.Kind = .other) -> FoxgloveMessage {
    FoxgloveMessage(channelID: channel, kind: kind, logTime: time, data: ByteBuffer(repeating: 0, count: 10))
  }

  private func times(_ queue: inout FoxgloveQueue) -> [UInt64] {
    var times: [UInt64] = []
    while let message = queue.next() { times.append(message.logTime) }
    return times
  }

  @Test func keepsTheOrder() {
    var queue = FoxgloveQueue()
    for time in 0..<600 as Range<UInt64> { #expect(queue.offer(message(UInt32(time % 3), time)) == 0) }
    #expect(times(&queue) == Array(0..<600))
  }

  @Test func theOldestOfATopicGivesWay() {
    var queue = FoxgloveQueue(.init(messages: 3, bytes: 1 << 20))
    for time in 0..<3 as Range<UInt64> { #expect(queue.offer(message(UInt32(time), time)) == 0) }
    #expect(queue.offer(message(1, 10)) == 1)
    // Nothing of its topic waits: it is left out itself.
    #expect(queue.offer(message(9, 11)) == 1)
    #expect(times(&queue) == [0, 2, 10])
  }

  @Test func videoGoesOnAtAKeyFrame() {
    var queue = FoxgloveQueue(.init(messages: 1 << 20, bytes: 40))
    #expect(queue.offer(message(1, 0, .video(isKeyFrame: true))) == 0)
    #expect(queue.offer(message(2, 1)) == 0)
    #expect(queue.offer(message(1, 2, .video(isKeyFrame: false))) == 0)
    #expect(queue.offer(message(1, 3, .video(isKeyFrame: false))) == 0)
    #expect(queue.offer(message(1, 4, .video(isKeyFrame: false))) == 1)
    // There would be room, but the frame could not be decoded.
    #expect(queue.next()?.logTime == 0)
    #expect(queue.offer(message(1, 5, .video(isKeyFrame: false))) == 1)
    #expect(queue.offer(message(1, 6, .video(isKeyFrame: true))) == 0)
    #expect(queue.offer(message(1, 7, .video(isKeyFrame: true))) == 3)
    #expect(times(&queue) == [1, 7])
  }

  @Test func aMessageBeyondTheLimitIsTakenAlone() {
    var queue = FoxgloveQueue(.init(messages: 4, bytes: 5))
    #expect(queue.offer(message(1, 0)) == 0)
    #expect(queue.offer(message(1, 1)) == 1)
    #expect(times(&queue) == [1])
  }

  @Test func forgetsATopic() {
    var queue = FoxgloveQueue()
    for time in 0..<6 as Range<UInt64> { _ = queue.offer(message(UInt32(time % 2), time)) }
    queue.forget(1)
    #expect(queue.count == 3)
    #expect(times(&queue) == [0, 2, 4])
  }
}
