/// Learns of how many slices and packets a stream makes a picture, separately for key and other pictures, so that a
/// picture can be handed on when its last slice arrives rather than when the next picture starts.
struct SliceCountPredictor: Hashable, Sendable {
  /// How much of a picture has come.
  struct Extent: Hashable, Sendable {
    var slices = 0
    /// Packets that had a slice of the picture.
    var packets = 0
  }

  /// After this many wrong predictions of a kind its pictures are always held.
  static let toleratedMispredictions = 3
  /// After this many smaller pictures in a row the smaller number is learned.
  static let smallerRun = 8

  private struct Pattern: Hashable, Sendable {
    var learned: Extent?
    var mispredictions = 0
    /// A sender that puts whole pictures into packets may vary the slices; one that spreads slices may vary packets.
    var trustsPackets = true
    var smaller = 0

    var holdsAlways: Bool { mispredictions >= SliceCountPredictor.toleratedMispredictions }

    func isComplete(_ extent: Extent) -> Bool {
      guard let learned, !holdsAlways else { return false }
      return extent.slices >= learned.slices || (trustsPackets && extent.packets >= learned.packets)
    }

    mutating func ended(_ extent: Extent) {
      guard let known = learned else {
        learned = extent
        return
      }
      let isSmaller = extent.slices < known.slices
      smaller = isSmaller ? smaller + 1 : 0
      if smaller >= SliceCountPredictor.smallerRun || extent.slices > known.slices {
        learned = extent
        smaller = 0
      } else if extent.packets > known.packets {
        learned?.packets = extent.packets
      }
    }

    mutating func continued(after extent: Extent) {
      if trustsPackets, let learned, extent.slices < learned.slices {
        trustsPackets = false
      } else {
        mispredictions += 1
        learned = nil
      }
    }
  }

  private var key = Pattern()
  private var other = Pattern()

  /// Whether a picture of which `extent` has come is expected to be complete.
  func isComplete(_ extent: Extent, isKeyFrame: Bool) -> Bool {
    (isKeyFrame ? key : other).isComplete(extent)
  }

  /// A picture turned out to have had `extent`: the next one started, or nothing came for long.
  mutating func ended(_ extent: Extent, isKeyFrame: Bool) {
    if isKeyFrame { key.ended(extent) } else { other.ended(extent) }
  }

  /// A picture that was handed on with `extent` went on afterwards.
  mutating func continued(after extent: Extent, isKeyFrame: Bool) {
    if isKeyFrame { key.continued(after: extent) } else { other.continued(after: extent) }
  }
}
