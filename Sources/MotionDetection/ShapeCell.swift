/// What is known of a cell of an object's surroundings.
struct ShapeCell: Sendable {
  /// Above 0 where motion says that it is likely the object's.
  var evidence: Float = 0
  /// Logarithm of the odds that it is the object's, by all that tells.
  var odds: Float = -1
  /// Whether it is held to be the object's.
  var isOwn = false
  /// Share of the latest findings that held it to be.
  var found: Float = 0
  /// How unlike what it was where the object was, over the latest frames, 0…1.
  var ownChange: Float = 0.5
  /// How unlike the ground where that was in sight, over the latest frames, −1…1; 0 where it was not.
  var bareChange: Float = 0

  init() {}

  /// As a finding tells.
  init(isOwn: Bool) {
    self.isOwn = isOwn
    (evidence, odds, found) = isOwn ? (2, 1, 1) : (-0.5, -1, 0)
  }
}
