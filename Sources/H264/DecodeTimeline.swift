/// Gives decoding times to pictures of which only the presentation times are known, in decoding order, without looking
/// ahead.
///
/// When decoding runs ahead of output by at most `reorderDepth` pictures, the time at which a picture is decoded can be
/// taken from the sorted presentation times, `reorderDepth` places back. The result rises strictly; it lies at or before
/// the presentation time unless the stream reorders more than it says, which is counted.
public struct DecodeTimeline: Sendable {
  private let reorderDepth: Int
  private let pictureDuration: Int64
  /// The latest presentation times that were not given out yet, sorted; at most `reorderDepth` between calls.
  private var waiting: [Int64] = []
  private var count = 0
  private var first: Int64 = 0
  private var last: Int64?

  /// How many pictures had to be decoded after their presentation time, because the stream reorders too much.
  public private(set) var violations = 0

  /// - Parameters:
  ///   - reorderDepth: ``SequenceParameterSet/reorderDepth``.
  ///   - pictureDuration: an estimate in the unit of the times, used for the first `reorderDepth` pictures only.
  public init(reorderDepth: Int, pictureDuration: Int64) {
    self.reorderDepth = max(0, min(reorderDepth, 16))
    self.pictureDuration = max(1, pictureDuration)
  }

  /// The decoding time of the next picture in decoding order, whose presentation time is `presentation`.
  public mutating func next(presentation: Int64) -> Int64 {
    let position = waiting.firstIndex { $0 > presentation } ?? waiting.endIndex
    waiting.insert(presentation, at: position)
    if count == 0 { first = presentation }
    var decoding: Int64
    if count < reorderDepth {
      decoding = first &- Int64(reorderDepth - count) &* pictureDuration
    } else {
      decoding = waiting.removeFirst()
    }
    count += 1
    if let last, decoding <= last { decoding = last &+ 1 }
    if decoding > presentation { violations += 1 }
    last = decoding
    return decoding
  }
}
