import BusMessages
import RabbitMQ

/// The exchanges of all topics.
struct Exchanges: Sendable {
  struct Exchange: Sendable {
    let topic: Topic
    /// What consumers bind to.
    let name: String
    /// What we publish to: for video another one in front, that sorts it by stream.
    let publishName: AMQPBytes
  }

  private let list: [Exchange]
  let names: ExchangeNames

  init(_ names: ExchangeNames) {
    self.names = names
    list = Topic.allCases.map { topic in
      let name = names[topic]
      return Exchange(
        topic: topic, name: name, publishName: AMQPBytes(topic == .videoStream ? Self.byStream(name) : name))
    }
  }

  /// The topic exchange in front of the video exchange: a queue bound to it gets one stream by its name.
  static func byStream(_ name: String) -> String { name + ".by_stream" }

  var videoByStream: String { Self.byStream(names[.videoStream]) }

  subscript(topic: Topic) -> Exchange { list[topic.index] }

  /// The topic of an exchange that a message came through.
  func topic(of exchange: String) -> Topic? {
    list.first { $0.name == exchange || $0.publishName.text == exchange }?.topic
  }
}

extension Topic {
  /// The place in `allCases`; a switch, since hashing goes by the name.
  var index: Int {
    switch self {
    case .processedFrames: 0
    case .identificationResults: 1
    case .slamResults: 2
    case .trajectory: 3
    case .imuData: 4
    case .videoFrames: 5
    case .videoStream: 6
    case .analysisMode: 7
    case .restart: 8
    case .pointClouds: 9
    case .events: 10
    case .phoneMessages: 11
    case .controlCommands: 12
    case .streamAnnouncements: 13
    case .worldObjects: 14
    }
  }
}

extension AMQPConnection {
  /// Makes sure that a topic's exchanges exist and can be published to.
  mutating func declare(_ exchange: Exchanges.Exchange, on channel: UInt16) throws(AMQPError) {
    try declareOrFind(exchange.name, .fanout, on: channel)
    guard exchange.topic == .videoStream else { return }
    let sorting = exchange.publishName.text
    try declareOrFind(sorting, .topic, on: channel)
    try bindExchange(exchange.name, to: sorting, key: "#", on: channel)
  }

  /// Who may not declare may still use what others declared.
  private mutating func declareOrFind(
    _ name: String, _ kind: AMQPExchangeKind, on channel: UInt16
  ) throws(AMQPError) {
    do throws(AMQPError) {
      try declareExchange(name, kind, on: channel)
    } catch .channelClosed(_, let reply) where reply.code == AMQPReply.accessRefused {
      try declareExchange(name, kind, on: channel, mustExist: true)
    }
  }
}
