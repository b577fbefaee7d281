import MapFormats
public import MediaModel
public import SessionEvents

/// What is known at each second of a video, as SubRip subtitles (`.srt`): time, place, objects, what was found out.
///
/// Events go in by their times; a cue comes out when its second is over.
public struct SubtitleFile: Sendable {
  /// Texts of logs and findings in a cue at most.
  private static let longestNotes = 4

  private let start: WallTime
  private let end: WallTime
  private var second: Int64 = 0
  private var number = 0
  private var location: SessionEvent.Location?
  private var objects: [String] = []
  private var notes: [String] = []

  /// - Parameters:
  ///   - start: capture time of the first picture.
  ///   - end: when the last picture ends.
  public init(start: WallTime, end: WallTime) {
    self.start = start
    self.end = end
  }

  /// Takes in the next event.
  /// - Returns: the cues of the seconds that are over; empty mostly.
  public mutating func add(_ event: SessionEvent) -> String {
    switch event {
    case .location(let fix):
      let text = cues(until: fix.time)
      location = fix
      return text
    case .objects(let frame):
      let text = cues(until: frame.time)
      objects = frame.objects.map { "\($0.label) \($0.id)" }
      return text
    case .identification(let result):
      let text = cues(until: result.time)
      note("object \(result.object): \(result.findings)")
      return text
    case .log(let log):
      let text = cues(until: log.time)
      if log.level != .info { note(log.text) }
      return text
    case .video, .videoWasCut, .camera, .pose, .points, .motion, .places: return ""
    }
  }

  /// The cues up to the end of the video.
  public mutating func finish() -> String {
    var text = cues(until: end)
    if start.advanced(by: .seconds(Double(second))) < end { text += cue() }
    return text
  }

  private mutating func note(_ text: String) {
    if notes.count < Self.longestNotes { notes.append(Self.oneLine(text)) }
  }

  private mutating func cues(until time: WallTime) -> String {
    var text = ""
    let last = min(time, end).since(start).value / 1_000_000_000
    while second < last { text += cue() }
    return text
  }

  private mutating func cue() -> String {
    let from = Nanoseconds(second * 1_000_000_000)
    let to = min(Nanoseconds((second + 1) * 1_000_000_000), end.since(start))
    var lines = [TimeText.utc(start.advanced(by: from))]
    if let location { lines.append(Self.text(of: location)) }
    if !objects.isEmpty { lines.append(Self.oneLine(objects.joined(separator: ", "))) }
    lines += notes
    notes = []
    second += 1
    number += 1
    return "\(number)\n\(TimeText.subtitle(from)) --> \(TimeText.subtitle(to))\n"
      + lines.joined(separator: "\n") + "\n\n"
  }

  private static func text(of fix: SessionEvent.Location) -> String {
    var words = [DecimalText.fixed(fix.latitudeDegrees, 6) + "° " + DecimalText.fixed(fix.longitudeDegrees, 6) + "°"]
    if let altitude = fix.altitudeMetres { words.append("\(DecimalText.fixed(altitude, 1)) m") }
    if let speed = fix.speedMPerSec { words.append("\(DecimalText.fixed(speed, 1)) m/s") }
    if let heading = fix.headingDegrees { words.append("heading \(DecimalText.fixed(heading, 0))°") }
    return words.joined(separator: ", ")
  }

  /// A line break would end the line, an empty line the cue; `-->` would look like times.
  static func oneLine(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\u{0}"..."\u{1F}", "\u{85}", "\u{2028}", "\u{2029}": result += " "
      case ">" where result.hasSuffix("--"): result += "›"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
