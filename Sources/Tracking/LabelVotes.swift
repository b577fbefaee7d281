/// What an object is, by the vote of everything that was said of it.
///
/// Each word counts by its score; older votes count less, so that the memory is bounded and an early mistake is outvoted.
struct LabelVotes: Sendable {
  /// What a vote is worth one vote later: half after 34.
  private static let decay: Float = 0.98
  /// Labels that are remembered.
  private static let capacity = 8
  /// How much better another label must be before the object is called by it.
  private static let margin: Float = 1.1

  private var votes: [(label: String, weight: Float)] = []
  /// The label that has won; empty before the first vote.
  private(set) var label = ""

  mutating func add(_ label: String, score: Float) {
    guard !label.isEmpty else { return }
    for index in votes.indices { votes[index].weight *= Self.decay }
    if let index = votes.firstIndex(where: { $0.label == label }) {
      votes[index].weight += score
    } else {
      if votes.count == Self.capacity, let weakest = votes.indices.min(by: { votes[$0].weight < votes[$1].weight }) {
        votes.remove(at: weakest)
      }
      votes.append((label, score))
    }
    // Of equal ones the first counts.
    guard let best = votes.max(by: { $0.weight < $1.weight }) else { return }
    let present = votes.first { $0.label == self.label }?.weight ?? 0
    if best.weight > Self.margin * present { self.label = best.label }
  }

  /// Takes over what was said of something that turned out to be the same.
  mutating func merge(_ other: LabelVotes) {
    for vote in other.votes { add(vote.label, score: vote.weight) }
  }

  /// Whether two labels may be of one thing: one is empty, or they share a word.
  static func areCompatible(_ a: String, _ b: String) -> Bool {
    if a.isEmpty || b.isEmpty || a == b { return true }
    let words = a.split(separator: " ")
    return b.split(separator: " ").contains { words.contains($0) }
  }
}
