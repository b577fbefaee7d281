internal import BusMessages
import MapFormats
import MediaModel
internal import MessageBus

/// The objects of one frame, and what is to be known of it.
struct DetectedFrame {
  var number: Int
  /// When it was captured.
  var nanos: Int64
  var resolution: Resolution
  var objects: [TrackedObject]
  /// How they were found.
  var method: String
  var trace: TraceContext?
}

extension DetectedFrame {
  /// The message of the frame.
  /// - Throws: `BusBodyError` for numbers that JSON lacks.
  func message(stream: String) throws -> BusMessage {
    let frame = ProcessedFrame(
      frameNumber: number, timestamp: Double(nanos) / 1e9, objects: objects.map { $0.body(in: resolution) },
      stream: stream, mode: method)
    var message = try frame.message(headers: [
      BusHeader.stream: .text(stream), BusHeader.capturedAt: .text("\(nanos)"),
      BusHeader.timestampNanos: .text("\(nanos)"),
    ])
    message.trace = trace
    return message
  }

  /// The line of `detect --results`, with its end.
  /// - Parameter places: of its objects in the world, by identifier.
  func line(_ places: [Int: ObjectPlace] = [:]) -> [UInt8] {
    var text = DecimalText()
    text.append("{\"frame_number\":\(number),\"timestamp\":")
    text.append(secondsOf: nanos)
    text.append(",\"objects\":[")
    for (index, object) in objects.enumerated() {
      if index > 0 { text.append(",") }
      object.append(to: &text, in: resolution, places[object.id])
    }
    text.append("]}\n")
    return text.bytes
  }
}

extension TrackedObject {
  /// Its pixels; those of the box where no others are known.
  fileprivate func pixels(in resolution: Resolution) -> RunLengthMask {
    if let mask { return mask }
    func range(_ low: Float, _ high: Float, _ size: Int) -> Range<Int> {
      let first = Int(min(max(low.rounded(), 0), Float(size)))
      return first..<max(first, Int(min(max(high.rounded(), 0), Float(size))))
    }
    let (columns, rows) = (range(box.x, box.z, resolution.width), range(box.y, box.w, resolution.height))
    return RunLengthMask(resolution: resolution, columns: columns, rows: rows) { _, _ in true }
  }

  fileprivate func body(in resolution: Resolution) -> ProcessedFrame.Object {
    let pixels = pixels(in: resolution)
    let size = [pixels.resolution.height, pixels.resolution.width]
    return ProcessedFrame.Object(
      id: id, label: label, score: Self.rounded(score, 1e4),
      box: [box.x, box.y, box.z, box.w].map { Self.rounded($0, 100) }, area: pixels.area, maskShape: size,
      mask: mask.map { ProcessedFrame.Mask(size: size, counts: $0.counts) }, sighting: sighting.rawValue)
  }

  fileprivate func append(to text: inout DecimalText, in resolution: Resolution, _ place: ObjectPlace?) {
    let pixels = pixels(in: resolution)
    text.append("{\"id\":\(id),\"label\":\"")
    text.append(Self.escaped(label))
    text.append("\",\"score\":")
    text.append(Double(score), decimals: 4)
    for (index, edge) in [box.x, box.y, box.z, box.w].enumerated() {
      text.append(index == 0 ? ",\"box\":[" : ",")
      text.append(Double(edge), decimals: 2)
    }
    text.append("],\"area\":\(pixels.area),\"mask\":{\"size\":[\(pixels.resolution.height),")
    text.append("\(pixels.resolution.width)],\"counts\":\"")
    text.append(Self.escaped(pixels.counts))
    text.append("\"}")
    if let place { place.append(to: &text) }
    text.append("}")
  }

  private static func rounded(_ value: Float, _ steps: Double) -> Double { (Double(value) * steps).rounded() / steps }

  /// A text within the quotation marks of JSON.
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": escaped += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension ObjectPlace {
  fileprivate func append(to text: inout DecimalText) {
    func list(_ name: String, _ numbers: [Double], _ decimals: Int) {
      text.append(",\"\(name)\":[")
      text.append(numbers.map { DecimalText.fixed($0, decimals) }.joined(separator: ","))
      text.append("]")
    }
    text.append(",\"world\":{\"id\":\(object)")
    list("position", position, 3)
    list("covariance", covariance, 6)
    text.append(",\"method\":\"\(method)\",\"metric\":\(isMetric)")
    if let wgs84, wgs84.count == 3 {
      text.append(",\"wgs84\":{\"latitude\":\(DecimalText.fixed(wgs84[0], 8))")
      text.append(",\"longitude\":\(DecimalText.fixed(wgs84[1], 8))")
      text.append(",\"altitude\":\(DecimalText.fixed(wgs84[2], 3))}")
    }
    text.append("}")
  }
}
