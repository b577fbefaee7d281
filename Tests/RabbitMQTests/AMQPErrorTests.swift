import RabbitMQ
import Testing

struct AMQPErrorTests {
  /// What RabbitMQ 3.10 says.
  @Test(
    arguments: [
      (
        "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'imu' in vhost '/': received 'fanout' but current "
          + "is 'direct'", "type", "direct", "fanout"
      ),
      (
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is "
          + "'false'", "durable", "false", "true"
      ),
      (
        "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received the value '10' of "
          + "type 'long' but current is none", "x-max-length", "none", "10"
      ),
      (
        "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received none but current "
          + "is the value '10' of type 'long'", "x-max-length", "10", "none"
      ),
    ])
  func aClashSaysWhatIsAndWhatIsNeeded(_ text: String, _ property: String, _ existing: String, _ wanted: String) {
    let clash = AMQPClash(.exchange, named: "name", AMQPReply(code: 406, text: text))
    #expect(clash.property == property)
    #expect(clash.existing == existing)
    #expect(clash.wanted == wanted)
    #expect(clash.description.contains("the exchange name exists with \(property) '\(existing)'"))
    #expect(!clash.description.contains("\n"))
  }

  @Test(arguments: [
    "", "'", "inequivalent arg ", "inequivalent arg 'x", "received 'a' but current is '", "something else",
  ])
  func wordsThatNobodyKnowsAreRepeated(_ text: String) {
    let clash = AMQPClash(.queue, named: "name", AMQPReply(code: 406, text: text))
    #expect(clash.description == "the queue name exists and is not as needed: \(text)")
  }

  @Test func onlySomeErrorsEndTheConnection() throws {
    let place = AMQPPlace(try AMQPAddress("amqp://user:secret@host/"))
    #expect(AMQPError.lost(place, reason: "r").endsConnection)
    #expect(!AMQPError.channelClosed(channel: 1, AMQPReply(code: 404, text: "NOT_FOUND")).endsConnection)
    #expect(AMQPError.refused(place, reason: "403").description == "the broker at amqp://host:5672/ refuses us: 403")
  }
}
