import MediaModel
import CodedMedia
import FragmentedMP4
import H264
import NIOCore
import Relay
import WebSocketProtocol
import WebSocketTransport

/// Fragmented MP4 for Media Source: a text message and an initialization segment whenever the parameter sets change,
/// then one fragment per access unit.
struct FragmentMessageEncoder: UnitMessageEncoder {
  let stream: RelayStream
  private var sentSets: ParameterSets?

  init(stream: RelayStream) { self.stream = stream }

  mutating func write(_ delivery: Delivery, to connection: WebSocketServerConnection) {
    let unit = delivery.unit
    do throws(H264Error) {
      let origin = stream.origin ?? unit.capturedAt
      if sentSets !== unit.parameterSets {
        let writer = try FragmentedMP4Writer(parameterSets: unit.parameterSets, origin: origin, purpose: .stream)
        sentSets = unit.parameterSets
        connection.write(
          framed: WebSocketFraming.message(.text, payload: ByteBuffer(string: announcement(of: unit.parameterSets))))
        connection.write(framed: WebSocketFraming.message(.binary, payload: writer.initializationSegment))
      }
      connection.write(
        framed: try unit.representations.representation(.fragmentMessage) { () throws(H264Error) -> ByteBuffer in
          WebSocketFraming.message(
            .binary, payload: try FragmentedMP4Writer.liveFragment(of: unit, origin: origin))
        })
    } catch {
      connection.close(.policyViolation, reason: "the stream cannot be put into MP4: \(error)")
    }
  }

  private func announcement(of sets: ParameterSets) -> String {
    "{\"type\":\"fmp4\",\"codec\":\"\(sets.codecString)\",\"width\":\(sets.resolution.width),"
      + "\"height\":\(sets.resolution.height)}"
  }
}
