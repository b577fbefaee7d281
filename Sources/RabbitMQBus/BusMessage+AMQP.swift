import BusMessages
import RabbitMQ

extension AMQPValue {
  init(_ value: BusHeaderValue) {
    switch value {
    case .text(let text): self = .text(text)
    case .integer(let number): self = .integer(number)
    case .real(let number): self = .real(number)
    case .boolean(let flag): self = .boolean(flag)
    }
  }
}

extension BusHeaderValue {
  init(_ value: AMQPValue) {
    switch value {
    case .text(let text): self = .text(text)
    case .integer(let number): self = .integer(number)
    case .real(let number): self = .real(number)
    case .boolean(let flag): self = .boolean(flag)
    case .timestamp(let seconds): self = .integer(Int64(clamping: seconds))
    }
  }
}

extension BusMessage {
  /// The header with a message's place in a stream queue.
  static let streamOffset = "x-stream-offset"

  init(_ delivery: AMQPDelivery, topic: Topic) {
    self.init(topic: topic, body: delivery.body, contentType: delivery.contentType)
    for (name, value) in delivery.headers where name != Self.streamOffset { headers[name] = BusHeaderValue(value) }
  }

  /// Whether the sender says that it may have been delivered before.
  var isFlaggedRedelivered: Bool {
    switch headers[BusHeader.redelivered] {
    case .boolean(let flag): flag
    case .text(let text): text == "true"
    case .integer(let number): number != 0
    case .real, nil: false
    }
  }
}
