import Access
import Clocks
import Foundation
import Identification
import Logging
import MediaModel
import MessageBus
import NIOCore
import Observability
import ServiceLifecycle
import Settings

/// What followed objects are: keeps their views, makes pictures of them and asks APIs, as the settings want.
struct IdentificationRole {
  /// To be run before those who find objects, so that they end after them.
  let services: [any Service]
  private let collector: ObjectViewCollector

  /// `nil` when the settings want none.
  /// - Throws: what is wrong with a key or an address, ready for a command line. No key is in it.
  init?(
    _ settings: Settings, stream: String, bus: any MessageBus, clocks: SystemClocks = .system,
    group: any EventLoopGroup
  ) throws {
    let wanted = settings.identification
    guard wanted.isEnabled else { return nil }
    let logger = Logger(label: "identification")
    var configuration = IdentificationService.Configuration()
    configuration.limits.perMinute = wanted.requestsPerMinute
    configuration.limits.perDay = wanted.requestsPerDay
    configuration.limits.costPerDay = wanted.costPerDay
    let apis = try Self.apis(wanted)
    let service = IdentificationService(
      configuration, apis: apis, sender: HTTPAPISender(group: group, clocks: clocks), bus: bus, clocks: clocks,
      logger: logger)
    var making = ObjectEnhancement.Configuration()
    making.folder = wanted.folder ?? settings.recording.path + "/objects"
    making.publicBase = wanted.publicURL
    let enhancement = ObjectEnhancement(making, clocks: clocks, logger: logger) { service.submit($0) }
    collector = ObjectViewCollector(stream: stream) { enhancement.submit(stream: $0, id: $1, label: $2, views: $3) }
    services = [service, enhancement]
    let names = apis.map(\.kind.rawValue).joined(separator: ", ")
    logger.notice(
      "objects are identified",
      metadata: [.file: "\(making.folder ?? "")", .component: "\(names.isEmpty ? "none" : names)"])
  }

  /// For who finds objects.
  var watch: @Sendable ([TrackedObject], Picture, Int, Int64) -> Void {
    { [collector] objects, picture, number, nanos in
      collector.saw(objects, in: picture, number: number, at: nanos)
    }
  }

  /// Those that have a key, or need none. Names come first, so that dimensions are asked of what was named.
  private static func apis(_ wanted: Settings.Identification) throws -> [any IdentificationAPI] {
    do {
      var apis: [any IdentificationAPI] = []
      if let url = wanted.visionURL {
        apis.append(try VisionEndpoint(base: url, model: wanted.visionModel, key: try key("OPENAI_API_KEY")))
      }
      if wanted.publicURL != nil, let key = try key("SERPAPI_API_KEY") { apis.append(try GoogleLens(key: key)) }
      if let key = try key("PERPLEXITY_API_KEY") { apis.append(try DimensionSearch(key: key)) }
      return apis
    } catch let error as IdentificationError {
      throw CommandFailure(.usage, "\(error)")
    }
  }

  private static func key(_ name: String) throws -> APIKey? {
    try APIKey.read(name, environment: ProcessInfo.processInfo.environment) { try PrivateFile.read($0) }
  }
}
