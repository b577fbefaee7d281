public import NIOCore

/// One client of a server that speaks Foxglove's WebSocket protocol, without its connection: messages in, effects out.
///
/// Says what channels there are, keeps which of them the client wants, and reads what it asks of a recording that is played.
/// What a live server of this software has no use for (parameters, services, publishing by clients, assets, the connection
/// graph) is refused as Foxglove's own server refuses it. Source: the "Foxglove WebSocket protocol" in the versions
/// `foxglove.websocket.v1` and `foxglove.sdk.v1`, which are the same on the wire as far as this goes.
public struct FoxgloveSession: Sendable {
  /// The subprotocols that are spoken, the preferred one first.
  public static let subprotocols = ["foxglove.sdk.v1", "foxglove.websocket.v1"]
  /// What a client may send at once, bytes.
  public static let messageLimit = 256 << 10

  /// What a message of the client leads to.
  public struct Effects: Equatable, Sendable {
    /// Text messages for the client, in order; at most one for each subscription that was asked for.
    public var replies: [ByteBuffer] = []
    /// Channels that the client wants from now on, and wants no more.
    public var subscribed: [UInt32] = []
    public var unsubscribed: [UInt32] = []
    /// What the player is asked to do.
    public var playback: PlaybackRequest?

    public init() {}
  }

  private let info: FoxgloveServerInfo
  private var channels: [UInt32: FoxgloveChannel] = [:]
  private var subscriptionOfChannel: [UInt32: UInt32] = [:]
  private var channelOfSubscription: [UInt32: UInt32] = [:]

  public init(_ info: FoxgloveServerInfo) { self.info = info }

  /// The client's name for a channel that it wants; `nil`: it does not want it.
  public func subscription(to channel: UInt32) -> UInt32? { subscriptionOfChannel[channel] }

  /// What to send when the connection is open.
  public mutating func opened(with channels: [FoxgloveChannel]) -> [ByteBuffer] {
    [FoxgloveText.serverInfo(info)] + advertise(channels)
  }

  /// Channels that are new.
  public mutating func advertise(_ channels: [FoxgloveChannel]) -> [ByteBuffer] {
    guard !channels.isEmpty else { return [] }
    for channel in channels { self.channels[channel.id] = channel }
    return [FoxgloveText.advertise(channels)]
  }

  /// Channels that are no more.
  public mutating func unadvertise(_ ids: [UInt32]) -> [ByteBuffer] {
    let known = ids.filter { channels.removeValue(forKey: $0) != nil }
    for id in known {
      if let subscription = subscriptionOfChannel.removeValue(forKey: id) { channelOfSubscription[subscription] = nil }
    }
    return known.isEmpty ? [] : [FoxgloveText.unadvertise(known)]
  }

  /// A text message of the client.
  public mutating func received(text: ByteBuffer) -> Effects {
    do throws(FoxgloveReject) {
      switch try FoxgloveRequest(text) {
      case .subscribe(let wanted): return subscribe(wanted)
      case .unsubscribe(let ids): return unsubscribe(ids)
      case .unsupported(let capability):
        throw FoxgloveReject("Server does not support \(capability) capability")
      }
    } catch {
      return refused(error)
    }
  }

  /// A binary message of the client.
  public func received(binary: ByteBuffer) -> Effects {
    do throws(FoxgloveReject) {
      var message = binary
      // As Foxglove's own server does, nothing is said to nothing.
      guard let opcode: UInt8 = message.readInteger() else { return Effects() }
      guard opcode == PlaybackRequest.opcode else { throw .malformed("Unknown binary opcode \(opcode)") }
      guard let request = PlaybackRequest(&message) else { throw .malformed("Buffer too short") }
      guard info.playback != nil else { throw FoxgloveReject("Server does not support playbackControl capability") }
      var effects = Effects()
      effects.playback = request
      return effects
    } catch {
      return refused(error)
    }
  }

  private func refused(_ reject: FoxgloveReject) -> Effects {
    var effects = Effects()
    effects.replies = [FoxgloveText.status(.error, reject.message)]
    return effects
  }

  private mutating func subscribe(_ wanted: [FoxgloveRequest.Subscription]) -> Effects {
    var effects = Effects()
    for subscription in wanted {
      guard channels[subscription.channelID] != nil else {
        effects.replies.append(FoxgloveText.status(.error, "Unknown channel ID: \(subscription.channelID)"))
        continue
      }
      guard subscriptionOfChannel[subscription.channelID] == nil else {
        effects.replies.append(
          FoxgloveText.status(
            .warning, "Client is already subscribed to channel: \(subscription.channelID); ignoring subscription"))
        continue
      }
      guard channelOfSubscription[subscription.id] == nil else {
        effects.replies.append(FoxgloveText.status(.error, "Subscription ID \(subscription.id) is in use"))
        continue
      }
      subscriptionOfChannel[subscription.channelID] = subscription.id
      channelOfSubscription[subscription.id] = subscription.channelID
      effects.subscribed.append(subscription.channelID)
    }
    return effects
  }

  private mutating func unsubscribe(_ ids: [UInt32]) -> Effects {
    var effects = Effects()
    for id in ids {
      guard let channel = channelOfSubscription.removeValue(forKey: id) else { continue }
      subscriptionOfChannel[channel] = nil
      effects.unsubscribed.append(channel)
    }
    return effects
  }
}
