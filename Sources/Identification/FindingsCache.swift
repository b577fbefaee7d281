public import MediaModel

/// What was found of pictures before, by how they look: an object that looks like one before is not asked for again.
///
/// Bounded: the entry that was used longest ago goes. A look-up reads all entries, a thousand in some microseconds.
public struct FindingsCache: Sendable {
  private struct Entry: Sendable {
    var label: String
    var hash: PerceptualHash
    var findings: [String: String]
    var storedAt: HostTime
  }

  /// Entries at most.
  public let capacity: Int
  /// Bits in which pictures of the same may differ.
  public let threshold: Int
  /// Entries older than this are asked for again.
  public let lifetime: Nanoseconds
  /// The one used last comes last.
  private var entries: [Entry] = []

  public init(capacity: Int = 1_000, threshold: Int = 5, lifetime: Nanoseconds = .seconds(7 * 86_400)) {
    (self.capacity, self.threshold, self.lifetime) = (max(1, capacity), threshold, lifetime)
  }

  public var count: Int { entries.count }

  /// What was found of the picture that looks most like this one and has the same label; of equal ones the latest.
  public mutating func find(_ hash: PerceptualHash, label: String, at now: HostTime) -> [String: String]? {
    entries.removeAll { now.since($0.storedAt) > lifetime }
    var best: (distance: Int, index: Int)?
    for (index, entry) in entries.enumerated() where entry.label == label {
      let distance = entry.hash.distance(to: hash)
      if distance <= threshold, best.map({ distance <= $0.distance }) ?? true { best = (distance, index) }
    }
    guard let best else { return nil }
    let entry = entries.remove(at: best.index)
    entries.append(entry)
    return entry.findings
  }

  public mutating func store(_ findings: [String: String], of hash: PerceptualHash, label: String, at now: HostTime) {
    entries.removeAll { $0.hash == hash && $0.label == label }
    entries.append(Entry(label: label, hash: hash, findings: findings, storedAt: now))
    if entries.count > capacity { entries.removeFirst(entries.count - capacity) }
  }
}
