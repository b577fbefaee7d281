public import BusMessages
public import MapFormats
internal import Geometry
internal import SLAM

extension SLAMResult {
  /// The last map's points with colours: what its key frames show, or else its landmarks.
  public var cloud: PointCloud { denseCloud ?? SLAMOutput.cloud(snapshot, colours, limit: .max) }

  /// The last map for COLMAP: key frames are named as in a session's folder, those of earlier runs in folders `run-N`.
  public var colmapModel: COLMAPModel {
    var observations = [[COLMAPModel.Observation]](repeating: [], count: snapshot.keyFrames.count)
    var points: [COLMAPModel.Point] = []
    for point in snapshot.points {
      var (sum, count) = (0.0, 0)
      for observation in point.observations where observations.indices.contains(observation.keyFrame) {
        observations[observation.keyFrame].append(.init(pixel: observation.pixel, point: points.count))
        let cameraFromWorld = snapshot.keyFrames[observation.keyFrame].worldFromCamera.inverse
        guard let pixel = snapshot.camera.project(cameraFromWorld * point.landmark.position) else { continue }
        let residual = pixel - observation.pixel
        sum += (residual * residual).sum().squareRoot()
        count += 1
      }
      points.append(
        COLMAPModel.Point(
          position: point.landmark.position,
          colour: colours[point.landmark.identifier] ?? SIMD3(repeating: 128), error: sum / Double(max(count, 1))))
    }
    let images = snapshot.keyFrames.enumerated().map { index, keyFrame in
      COLMAPModel.Image(
        name: (keyFrame.earlierRun.map { "run-\($0)/" } ?? "") + KeyFrameFolder.imageName(keyFrame.frameNumber),
        worldFromCamera: keyFrame.worldFromCamera,
        observations: observations[index])
    }
    return COLMAPModel(cameras: [snapshot.camera], images: images, points: points)
  }
}
