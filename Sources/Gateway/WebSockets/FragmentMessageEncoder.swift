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
  private var current: (sets: ParameterSets, writer: FragmentedMP4Writer)?

  init(stream: RelayStream) { self.stream = stream }

  mutating func write(_ delivery: Delivery, to connection: WebSocketServerConnection) {
    let unit = delivery.unit
    do throws(H264Error) {
      let writer = try announceIfChanged(unit, to: connection)
      connection.write(
        framed: unit.representations.representation(.fragmentMessage) {
          WebSocketFraming.message(.binary, payload: writer.standaloneFragment(of: unit))
        })
    } catch {
      connection.close(.policyViolation, reason: "the stream cannot be put into MP4: \(error)")
    }
  }

  private mutating func announceIfChanged(
    _ unit: AccessUnit, to connection: WebSocketServerConnection
  ) throws(H264Error) -> FragmentedMP4Writer {
    if let current, current.sets === unit.parameterSets { return current.writer }
    let writer = try FragmentedMP4Writer(
      parameterSets: unit.parameterSets, origin: stream.origin ?? unit.capturedAt, purpose: .stream)
    current = (unit.parameterSets, writer)
    let text = announcement(of: unit.parameterSets)
    connection.write(framed: WebSocketFraming.message(.text, payload: ByteBuffer(string: text)))
    connection.write(framed: WebSocketFraming.message(.binary, payload: writer.initializationSegment))
    return writer
  }

  private func announcement(of sets: ParameterSets) -> String {
    "{\"type\":\"fmp4\",\"codec\":\"\(sets.codecString)\",\"width\":\(sets.resolution.width),"
      + "\"height\":\(sets.resolution.height)}"
  }
}
