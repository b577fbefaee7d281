/// A mean over the latest frames: at first of all that there were and of what was expected, later each counts a tenth.
package struct FadingMean: Sendable {
  package private(set) var value: Float
  /// Frames that the mean is over, with the expected one.
  private var count: Float = 1

  /// Frames that the mean is over at most.
  private static let length: Float = 10

  /// - Parameter expected: what it is before there is any frame.
  package init(_ expected: Float) { value = expected }

  package mutating func take(_ sample: Float) {
    count = min(count + 1, Self.length)
    value += (sample - value) / count
  }
}
