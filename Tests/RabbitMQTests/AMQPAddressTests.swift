import MediaModel
import RabbitMQ
import Testing

struct AMQPAddressTests {
  @Test func absentPartsHaveTheUsualDefaults() throws {
    let address = try AMQPAddress("amqp://")
    #expect(address.user == "guest")
    #expect(address.password == "guest")
    #expect(address.host == "127.0.0.1")
    #expect(address.port == 5672)
    #expect(address.virtualHost == "/")
    #expect(address.tls == nil)
    #expect(address.heartbeat == .seconds(10))
  }

  @Test func tlsHasItsOwnPortAndChecksTheBroker() throws {
    let address = try AMQPAddress("AMQPS://broker.example")
    #expect(address.port == 5671)
    #expect(address.tls == AMQPAddress.TLS(authorities: nil, verifiesPeer: true))
  }

  @Test func everyPartIsRead() throws {
    let address = try AMQPAddress(
      "amqps://us%65r:p%40ss%2F%3Aword@[::1]:1234/a%2Fb?heartbeat=5&connection_timeout=1500&cacertfile=/a%20b.pem"
        + "&certfile=c.pem&keyfile=k.pem&verify=verify_none")
    #expect(address.user == "user")
    #expect(address.password == "p@ss/:word")
    #expect(address.host == "::1")
    #expect(address.port == 1234)
    #expect(address.virtualHost == "a/b")
    #expect(address.heartbeat == .seconds(5))
    #expect(address.timeout == .milliseconds(1_500))
    #expect(
      address.tls
        == AMQPAddress.TLS(authorities: "/a b.pem", certificate: "c.pem", key: "k.pem", verifiesPeer: false))
  }

  @Test func aPasswordMayBeEmptyOrHaveRawCharacters() throws {
    #expect(try AMQPAddress("amqp://user@host").password == "")
    let address = try AMQPAddress("amqp://user:a:b@c@host/")
    #expect(address.password == "a:b@c")
    #expect(address.host == "host")
  }

  @Test func whatIsShownHasNoCredentials() throws {
    let address = try AMQPAddress("amqps://user:secret@host:1/shop?cacertfile=x")
    #expect(address.description == "amqps://host:1/shop")
    #expect(AMQPPlace(address).description == "amqps://host:1/shop")
    #expect(try AMQPAddress("amqp://user:secret@[::1]/").description == "amqp://[::1]:5672/")
  }

  @Test(
    arguments: [
      "", "amqp", "http://host", "amqp://host:0", "amqp://host:65536", "amqp://host:x", "amqp://[::1", "amqp://a/b/c",
      "amqp://a%2", "amqp://a%zz@b", "amqp://a%00@b", "amqp://a%ff@b", "amqp://a?heartbeat=0", "amqp://a?heartbeat=x",
      "amqp://a?connection_timeout=-1", "amqp://a?verify=maybe", "amqp://a?what=1",
    ])
  func whatSaysNoPlaceIsRefused(_ url: String) {
    #expect(throws: AMQPError.self) { try AMQPAddress(url) }
  }

  @Test func refusalsDoNotRepeatCredentials() {
    for url in ["amqp://user:secret@host:x", "amqp://user:secret%@host", "http://user:secret@host"] {
      do {
        _ = try AMQPAddress(url)
        Issue.record("\(url) is no address")
      } catch {
        #expect(!error.description.contains("secret"))
      }
    }
  }
}
