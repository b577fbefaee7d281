import Geometry
import MediaModel

/// One picture of a flight with the truth about it.
public struct SimulatedFrame: Sendable {
  /// Number of the frame, from 0.
  public var index: Int
  /// Flight time, nanoseconds.
  public var timestampNanos: Int64
  public var picture: Picture
  /// World from camera: the camera's pose.
  public var worldFromCamera: SE3
  /// The objects in sight, by id; empty where they were not asked for.
  public var objects: [SimulatedObject]
}

/// An object as a picture shows it: only pixels that nothing hides.
public struct SimulatedObject: Hashable, Sendable {
  public var object: WorldObject
  /// Edges of the visible pixels: `columns` and `rows` are half-open.
  public var columns: Range<Int>
  public var rows: Range<Int>
  /// The visible pixels.
  public var mask: RunLengthMask
  /// Number of visible pixels.
  public var area: Int
}

/// Finds the objects in a visibility buffer.
final class ObjectCollector {
  /// Fewer visible pixels than this are not worth listing.
  static let minimumArea = 16

  private struct Extent {
    var area = 0
    var left = Int.max
    var right = -1
    var top = Int.max
    var bottom = -1
  }

  private var extents: [Extent]
  private let objects: [WorldObject]

  init(objects: [WorldObject]) {
    self.objects = objects
    extents = Array(repeating: Extent(), count: objects.count)
  }

  /// - Parameter instances: the object of each face of the frame, as an index into `objects`, or −1.
  func collect(from buffer: VisibilityBuffer, instance: (Int32) -> Int32) -> [SimulatedObject] {
    measure(buffer, instance: instance)
    var result: [SimulatedObject] = []
    for (index, extent) in extents.enumerated() where extent.area > 0 {
      extents[index] = Extent()
      guard extent.area >= Self.minimumArea else { continue }
      let (columns, rows) = (extent.left..<extent.right + 1, extent.top..<extent.bottom + 1)
      let resolution = Resolution(width: buffer.width, height: buffer.height)
      let mask = RunLengthMask(resolution: resolution, columns: columns, rows: rows) { x, y in
        instance(buffer.face[y * buffer.stride + x]) == Int32(index)
      }
      result.append(
        SimulatedObject(object: objects[index], columns: columns, rows: rows, mask: mask, area: extent.area))
    }
    return result
  }

  private func measure(_ buffer: VisibilityBuffer, instance: (Int32) -> Int32) {
    extents.withUnsafeMutableBufferPointer { extents in
      for row in 0..<buffer.height {
        let numbers = buffer.face + row * buffer.stride
        var x = 0
        while x < buffer.width {
          let number = numbers[x]
          var end = x + 1
          while end < buffer.width, numbers[end] == number { end += 1 }
          let index = instance(number)
          if index >= 0 {
            let place = Int(index)
            extents[place].area += end - x
            extents[place].left = min(extents[place].left, x)
            extents[place].right = max(extents[place].right, end - 1)
            extents[place].top = min(extents[place].top, row)
            extents[place].bottom = max(extents[place].bottom, row)
          }
          x = end
        }
      }
    }
  }
}
