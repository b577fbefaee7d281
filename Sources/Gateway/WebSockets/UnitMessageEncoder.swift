import MediaModel
import CodedMedia
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
      write(.sps, [unit.parameterSets.sps], micros, to: connection)
      write(.pps, unit.parameterSets.pps, micros, to: connection)
    }
    connection.write(
      framed: unit.representations.representation(.packetMessage) {
        let packet = PhonePacket(
          type: unit.isKeyFrame ? .keyFrame : .frame, timestampMicros: micros,
          flags: unit.isKeyFrame ? .keyFrame : [], payload: unit.bytes)
        return WebSocketFraming.message(.binary, payload: PhonePacketWriter.message(packet))
      })
  }

  private func write(
    _ type: PhonePacketType, _ units: [ByteBuffer], _ micros: Int64, to connection: WebSocketServerConnection
  ) {
    var payload = ByteBuffer()
    for unit in units {
      payload.writeInteger(UInt32(1))
      payload.writeImmutableBuffer(unit)
    }
    let packet = PhonePacket(type: type, timestampMicros: micros, payload: payload)
    connection.write(framed: WebSocketFraming.message(.binary, payload: PhonePacketWriter.message(packet)))
  }
}
