package import MediaModel

/// The rate of samples over all phones, as a gauge shows it: the statistics of a phone are about the last minute, so a
/// phone that fell silent is left out here.
package struct SampleRate: Sendable {
  /// What the statistics of one phone say.
  package struct Reading: Sendable {
    /// Names the connection.
    package var phone: UInt64
    /// Samples since it began.
    package var total: UInt64
    package var hertz: Double

    package init(phone: UInt64, total: UInt64, hertz: Double) {
      self.phone = phone
      self.total = total
      self.hertz = hertz
    }
  }

  /// A phone without a sample for so long is silent; slow ones send a few a second.
  private static let silence = Nanoseconds.seconds(3)

  private var lastSample: [UInt64: (total: UInt64, at: HostTime)] = [:]

  package init() {}

  /// The sum over phones that still send. To be called once a second or so.
  package mutating func hertz(_ readings: [Reading], at now: HostTime) -> Double {
    let before = lastSample
    lastSample = [:]
    var sum = 0.0
    for reading in readings {
      let known = before[reading.phone].flatMap { $0.total == reading.total ? $0 : nil }
      let last = known ?? (reading.total, now)
      lastSample[reading.phone] = last
      if now.since(last.at) < Self.silence { sum += reading.hertz }
    }
    return sum
  }
}
