import NIOCore
import CodedMedia

/// The current group of pictures: what a late reader needs to decode the newest picture at once.
struct GroupCache {
  /// Units from the last key frame on, or none before the first key frame and after an overflow.
  private(set) var units: [AccessUnit] = []
  private(set) var bytes = 0
  /// How often a group was larger than the limit, so that late readers had to wait for the next key frame.
  private(set) var overflows: UInt64 = 0
  private let byteLimit: Int

  init(byteLimit: Int) { self.byteLimit = byteLimit }

  mutating func append(_ unit: AccessUnit) {
    let size = unit.bytes.readableBytes
    if unit.isKeyFrame {
      // A new array, not an emptied one: readers that start may still share the old storage.
      units = [unit]
      bytes = size
    } else if !units.isEmpty {
      guard bytes + size <= byteLimit else {
        overflows += 1
        clear()
        return
      }
      units.append(unit)
      bytes += size
    }
  }

  mutating func clear() {
    units = []
    bytes = 0
  }
}
