package import BusMessages
package import CodedMedia
package import MediaModel
internal import NIOCore
internal import SessionLog
internal import Synchronization

/// What clients of one stream get: the messages of a session file, as they come.
package final class FoxgloveFeed: Sendable {
  /// Video of a group of pictures beyond this is not kept for who comes later: they start at the next key frame.
  private static let groupBytes = 8 << 20

  private struct State {
    var messages: SessionMessages
    var links: [ObjectIdentifier: FoxgloveLink] = [:]
    /// Video from the last key frame on.
    var group: [FoxgloveMessage] = []
    var groupBytes = 0
    /// The last message of each topic that stands until the next.
    var kept: [SessionTopic: FoxgloveMessage] = [:]
  }

  package let stream: StreamName
  private let state: Mutex<State>

  package init(stream: StreamName) {
    self.stream = stream
    state = Mutex(State(messages: SessionMessages(stream: stream.text)))
  }

  /// How many clients there are.
  package var clients: Int { state.withLock { $0.links.count } }

  package func add(_ link: FoxgloveLink) { state.withLock { $0.links[ObjectIdentifier(link)] = link } }

  /// - Returns: how many clients are left.
  package func remove(_ link: FoxgloveLink) -> Int {
    state.withLock { state in
      state.links[ObjectIdentifier(link)] = nil
      return state.links.count
    }
  }

  /// A client wants these topics from now on: it gets what it needs to show something at once.
  package func subscribed(_ link: FoxgloveLink, to channels: [UInt32]) {
    state.withLock { state in
      for topic in channels.compactMap(SessionTopic.init(channelID:)) {
        if topic == .video {
          for message in state.group { link.offer(message) }
        } else if let message = state.kept[topic] {
          link.offer(message)
        }
      }
    }
  }

  /// The next access unit of the stream.
  package func take(_ unit: AccessUnit) {
    state.withLock { state in
      guard let message = state.messages.message(of: unit) else { return }
      let encoded = FoxgloveMessage(message, kind: .video(isKeyFrame: unit.isKeyFrame))
      if unit.isKeyFrame {
        (state.group, state.groupBytes) = ([], 0)
      }
      let bytes = encoded.data.readableBytes
      if unit.isKeyFrame || !state.group.isEmpty {
        if state.groupBytes + bytes <= Self.groupBytes {
          state.group.append(encoded)
          state.groupBytes += bytes
        } else {
          (state.group, state.groupBytes) = ([], 0)
        }
      }
      for link in state.links.values { link.offer(encoded) }
    }
  }

  /// Units are missing in front of the next one.
  package func videoWasCut() {
    state.withLock { state in
      state.messages.videoWasCut()
      (state.group, state.groupBytes) = ([], 0)
    }
  }

  /// A message of the bus.
  package func take(_ message: BusMessage, at now: WallTime) {
    state.withLock { state in
      for message in state.messages.messages(of: message, at: now) {
        let encoded = FoxgloveMessage(message)
        if message.topic.isKept { state.kept[message.topic] = encoded }
        for link in state.links.values { link.offer(encoded) }
      }
    }
  }
}
