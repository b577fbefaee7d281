import Logging
import MessageBus
import ObjectMapService
import Settings

/// Where objects are in the world, in the process of a server.
enum ObjectMapRole {
  /// `nil` when the settings want none.
  static func make(_ settings: Settings, bus: any MessageBus) -> ObjectMapService? {
    guard settings.objects.isEnabled else { return nil }
    let file = settings.objects.file ?? settings.recording.path + "/objects.json"
    return ObjectMapService(
      options: ObjectMapService.Options(file: file), bus: bus, metrics: ObjectMapMetrics(),
      logger: Logger(label: "objects"))
  }

  /// What REST shows of it.
  static func list(_ service: ObjectMapService?) -> @Sendable (_ asGeoJSON: Bool) -> [UInt8]? {
    { isGeoJSON in service.map { ObjectList.bytes(of: $0.lists, isGeoJSON ? .geojson : .json) } }
  }
}
