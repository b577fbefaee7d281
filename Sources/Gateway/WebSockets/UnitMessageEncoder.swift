import CodedMedia
import FragmentedMP4
import NIOCore
import PhoneProtocol
import Relay
import WebSocketProtocol
import WebSocketTransport

/// Puts deliveries into messages of one format. What depends on the unit alone is made once and shared by all
/// connections; an encoder keeps only what its own connection has been told.
protocol UnitMessageEncoder {
  mutating func write(_ delivery: Delivery, to connection: WebSocketServerConnection)
}

/// Annex B as it came in.
struct AnnexBMessageEncoder: UnitMessageEncoder {
  mutating func write(_ delivery: Delivery, to connection: WebSocketServerConnection) {
    if let sets = delivery.parameterSets {
      connection.write(framed: WebSocketFraming.message(.binary, payload: sets.annexB))
    }
    connection.write(framed: UnitMessages.annexBMessage(of: delivery.unit))
  }
}

/// Packets of the phone protocol: SPS and PPS packets whenever they change, then frame packets with whole access
/// units; timestamps are capture times on the server's wall clock.
struct PacketMessageEncoder: UnitMessageEncoder {
  private var sentSets: ParameterSets?

  mutating func write(_ delivery: Delivery, to connection: WebSocketServerConnection) {
    let unit = delivery.unit
    let micros = unit.capturedAt.nanosSince1970 / 1_000
    if sentSets !== unit.parameterSets {
      sentSets = unit.parameterSets
      for packet in PhonePacketWriter.parameterSetPackets(unit.parameterSets, timestampMicros: micros) {
        connection.write(framed: WebSocketFraming.message(.binary, payload: packet))
      }
    }
    connection.write(
      framed: unit.representations.representation(.packetMessage) {
        WebSocketFraming.message(
          .binary,
          payload: PhonePacketWriter.framePacket(unit.bytes, timestampMicros: micros, isKeyFrame: unit.isKeyFrame))
      })
  }
}

/// Fragmented MP4 for Media Source: a text message and an initialization segment whenever the parameter sets change,
/// then one fragment per access unit.
struct FragmentMessageEncoder: UnitMessageEncoder {
  private var sentSets: ParameterSets?

  mutating func write(_ delivery: Delivery, to connection: WebSocketServerConnection) {
    let unit = delivery.unit
    let writer = FragmentedMP4Writer()
    if sentSets !== unit.parameterSets {
      sentSets = unit.parameterSets
      let size = unit.parameterSets.resolution
      connection.write(
        framed: WebSocketFraming.message(
          .text,
          payload: ByteBuffer(
            string: "{\"type\":\"fmp4\",\"codec\":\"\(unit.parameterSets.codecString)\","
              + "\"width\":\(size.width),\"height\":\(size.height)}")))
      connection.write(
        framed: WebSocketFraming.message(
          .binary, payload: writer.initializationSegment(parameterSets: unit.parameterSets)))
    }
    connection.write(
      framed: unit.representations.representation(.fragmentMessage) {
        WebSocketFraming.message(.binary, payload: writer.fragment(unit))
      })
  }
}
