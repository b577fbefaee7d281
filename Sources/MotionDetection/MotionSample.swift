/// What was known of an object in a frame when it was judged: what ``ObjectJudge`` and ``ShapeNet`` are fitted to.
package struct MotionSample: Sendable {
  /// What the net read of a frame.
  package struct Cells: Sendable {
    /// Of a square window of ``ShapeNet/side`` cells, row after row.
    package var measures: [ShapeNet.Channels]
    /// Where their middles are in the frame, pixels of the whole picture.
    package var places: [SIMD2<Float>]
    /// How many frames before the latest that frame is.
    package var framesAgo: Int
  }

  /// A number that no other object has.
  package var object: Int
  /// Left, top, right, bottom, pixels of the whole picture.
  package var box: SIMD4<Float>
  /// In the order of ``ObjectJudge/Measure``.
  package var measures: SIMD32<Float>
  /// `nil` where the net did not look at the object in the latest frame.
  package var cells: Cells?
}

extension MovingObjects {
  /// Those of all objects whose pixels are found.
  func samples(scale: Float) -> [MotionSample] {
    objects.filter { $0.lostFrames == 0 }.map { object in
      var cells = object.shape.latest
      if let places = cells?.places { cells?.places = places.map { ($0 + 0.5) * scale } }
      return MotionSample(
        object: object.birth, box: (object.box + 0.5) * scale, measures: object.measures, cells: cells)
    }
  }
}
