/// What a client may do.
public enum Permission: String, CaseIterable, Hashable, Comparable, Sendable {
  /// Send video and telemetry into a stream. Does not include watching.
  case publish
  /// Watch streams, read recordings and numbers.
  case view
  /// Steer drones. Includes `view`.
  case control

  /// Everything that somebody who was granted this may do.
  public var implied: Set<Permission> {
    switch self {
    case .publish: [.publish]
    case .view: [.view]
    case .control: [.view, .control]
    }
  }

  private var rank: Int {
    switch self {
    case .publish: 0
    case .view: 1
    case .control: 2
    }
  }

  public static func < (left: Permission, right: Permission) -> Bool { left.rank < right.rank }
}
