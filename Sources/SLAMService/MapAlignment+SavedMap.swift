internal import Geometry
import InertialAlignment
internal import SLAM

extension MapAlignment.Placement {
  /// What an earlier run found out.
  init(_ saved: SavedMap.Placement) {
    if let metricFromWorld = saved.metricFromWorld {
      (quality, self.metricFromWorld) = (.trustworthy, metricFromWorld)
    }
    reference = saved.place.map { place in
      GeoReference(
        plane: LocalTangentPlane(origin: place.origin), enuFromWorld: place.enuFromWorld, residual: place.residual,
        headingDeviation: place.headingDeviation, quality: .trustworthy)
    }
  }

  /// What a later run may rely on.
  var saved: SavedMap.Placement {
    var saved = SavedMap.Placement(metricFromWorld: quality == .trustworthy ? metricFromWorld : nil)
    if let reference, reference.quality == .trustworthy {
      saved.place = SavedMap.Place(
        origin: reference.plane.origin, enuFromWorld: reference.enuFromWorld, residual: reference.residual,
        headingDeviation: reference.headingDeviation)
    }
    return saved
  }
}
