import Geometry

// The work that a key frame leaves to the frames after it. Each does one piece, so that none has to do everything; which
// piece depends on the frames alone, never on a clock.
extension SLAMEngine {
  /// Does what is most urgent: adjustment of the newest key frames, then the search for loops, then adjustment of the
  /// older key frames that a loop has moved.
  /// - Returns: whether the map may have moved.
  mutating func keepUp() -> Bool {
    // What a loop moves must not move during a calibration.
    let isSearchOverdue = calibration == nil && search.map { $0.framesWaited >= Self.searchPatience } ?? false
    if isAdjustmentDue && !isSearchOverdue {
      search?.framesWaited += 1
      adjustNewest()
    } else if search != nil {
      searchLoops()
    } else if let range = movedRanges.popLast() {
      map.adjust(free: range.clamped(to: map.keyFrames.indices), camera: camera, iterations: 4)
    } else {
      return false
    }
    stayWithKeyFrame()
    return true
  }

  /// Frames that the search for loops lets others go first.
  private static let searchPatience = 6

  /// Moves the last pose with the key frame that it hangs on.
  mutating func stayWithKeyFrame() {
    guard let record = records.last, record.map == mapNumber else { return }
    lastPose = record.cameraFromKeyFrame * map.keyFrames[record.keyFrame].cameraFromWorld
  }

  /// Adjusts the newest key frames. In the frame after a key frame, which has enough to do.
  /// - Parameter isLast: whether there is no other frame for it before the next key frame.
  mutating func adjustNewest(isLast: Bool = false) {
    let count = map.keyFrames.count
    if calibration == nil, count >= Self.firstCalibration, 2 * count >= 3 * calibratedCount {
      calibration = calibration(range: max(count - Self.calibrationWindow, 0)..<count)
      calibrationStepsLeft = Self.calibrationSteps
    }
    guard var running = calibration else {
      isAdjustmentDue = false
      map.adjust(window: options.window, camera: camera, iterations: 4)
      return
    }
    let isDone = running.advance(iterations: Self.calibrationPiece)
    calibrationStepsLeft -= Self.calibrationPiece
    calibration = running
    guard isDone || isLast || calibrationStepsLeft <= 0 else { return }
    (isAdjustmentDue, calibration, calibratedCount) = (false, nil, count)
    apply(running)
    tracks.renewTemplates()
  }

  private mutating func searchLoops() {
    switch search?.advance(&loopCloser, in: map) {
    case .loop(let loop): close(loop)
    case .exhausted:
      search = nil
      mergeMaps()
    case .nothing, nil: break
    }
  }

  /// Takes out the drift that shows when the camera is back where it was.
  private mutating func close(_ loop: LoopCloser.Loop) {
    let closed = loopCloser.close(loop, in: &map)
    tracks.rename(closed.renamed)
    for index in records.indices where records[index].map == mapNumber {
      records[index].cameraFromKeyFrame.translation *= closed.growth[records[index].keyFrame]
    }
    map.growSteps { closed.growth[$0 - 1] }
    velocity = .identity
    tracks.renewTemplates()
    noteMoved(from: loop.keyFrame)
  }

  /// Makes the present map part of an earlier one that it shows again.
  private mutating func mergeMaps() {
    guard let (number, loop) = atlas.nextLoop(from: map, &mapLinker), var merged = atlas.take(number) else { return }
    let offset = merged.keyFrames.count
    map.growSteps { _ in loop.oldFromNew.scale }
    tracks.rename(merged.merge(map, loop, camera: camera))
    tracks.shiftSightings(by: offset)
    for index in records.indices where records[index].map == mapNumber {
      records[index].map = number
      records[index].keyFrame += offset
      records[index].cameraFromKeyFrame.translation *= loop.oldFromNew.scale
    }
    (map, mapNumber, state, velocity) = (merged, number, .relocalised, .identity)
    tracks.renewTemplates()
    noteMoved(from: loop.keyFrame)
  }

  /// Plans the adjustment of all key frames that a correction moved, range after range with overlap, the newest first.
  private mutating func noteMoved(from keyFrame: Int) {
    let newest = map.keyFrames.count - 1
    let first = max(keyFrame - options.window / 2, newest - Self.adjustedAfterLoop, 0)
    movedRanges = stride(from: first, to: newest, by: max(options.window / 2, 1)).map { $0..<$0 + options.window }
    isAdjustmentDue = true
  }

  /// Key frames that are adjusted after a correction: half a minute's work at 30 frames a second.
  private static let adjustedAfterLoop = 2_000

  /// Forgets what was left to do, since it belongs to a map that is not the present one any more.
  mutating func forgetUpkeep() {
    (isAdjustmentDue, calibration, search, movedRanges) = (false, nil, nil, [])
  }
}
