internal import BusMessages
internal import Geometry
import InertialAlignment

extension CameraPose.Lens {
  init(_ camera: CameraModel) {
    var (model, distortion) = ("", [Double]())
    switch camera {
    case .pinhole(let camera):
      let lens = camera.distortion
      (model, distortion) = ("pinhole-radtan", [lens.k1, lens.k2, lens.p1, lens.p2])
    case .fisheye(let camera):
      let k = camera.distortion
      (model, distortion) = ("fisheye", [k.x, k.y, k.z, k.w])
    }
    self.init(
      model: model, focalLength: camera.focalLength, principalPoint: camera.principalPoint, distortion: distortion,
      width: camera.width, height: camera.height)
  }
}

extension CameraPose.Similarity {
  init(_ transform: Sim3) {
    let (q, t) = (transform.rotation.quaternion, transform.translation)
    self.init(scale: transform.scale, rotation: [q.x, q.y, q.z, q.w], translation: [t.x, t.y, t.z])
  }
}

extension MapAlignment.Placement {
  /// How the axes that leave SLAM lie on Earth, when that can be trusted.
  var earthBody: CameraPose.Earth? {
    guard let reference, earth == .known else { return nil }
    let origin = reference.plane.origin
    return CameraPose.Earth(
      origin: .init(
        latitude: origin.latitudeDegrees, longitude: origin.longitudeDegrees, altitude: origin.altitudeMetres),
      enuFromWorld: .init(reference.enuFromWorld * metricFromWorld.inverse), deviation: reference.residual,
      headingDeviation: reference.headingDeviation)
  }
}
