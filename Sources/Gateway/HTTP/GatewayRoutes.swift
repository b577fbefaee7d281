import Access
import Clocks
import HTTPTypes
import Hummingbird
import Logging
import MediaModel
import NIOCore
import Relay
import Telemetry

/// The HTTP addresses of the gateway (protocol.md section 8 and ours beside them).
struct GatewayRoutes: Sendable {
  let relay: Relay
  let telemetry: TelemetryHub?
  let admission: GatewayAdmission
  let providers: GatewayProviders
  let configuration: GatewayConfiguration
  let startedAt: HostTime
  let version: String

  func makeRouter() -> Router<BasicRequestContext> {
    let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: ResponseHeaders())
    router.add(middleware: RequestGuard(admission: admission))
    addHealth(to: router)
    addStreams(to: router)
    addRecordings(to: router)
    addWorld(to: router)
    addDetection(to: router)
    addObjects(to: router)
    addPhoneLink(to: router)
    let sockets = ["/ws/video", "/ws/h264_stream", "/ws/video/consume", "/ws/phone", "/ws/viewer"]
    for path in sockets + providers.sockets.map(\.path) {
      router.get("\(path)") { request, _ in
        // Only requests that did not become a WebSocket get here.
        let refusal = admission.refusal(
          target: request.uri.string, headers: request.headers, host: request.head.authority)
        return admission.answer(refusal)
      }
    }
    router.get("/metrics") { _, _ in
      Response(text: providers.metrics(), contentType: "text/plain; version=0.0.4; charset=utf-8")
    }
    addPages(to: router)
    return router
  }

  private func addPages(to router: Router<BasicRequestContext>) {
    for path in ["/", "**"] {
      router.get("\(path)") { request, _ in
        guard let asset = WebAssets.asset(at: request.uri.path) else {
          return Response(status: .notFound, text: "no such page")
        }
        if request.headers[.ifNoneMatch] == asset.entityTag {
          return Response(status: .notModified, headers: [.eTag: asset.entityTag])
        }
        return Response(
          status: .ok,
          headers: [.contentType: asset.contentType, .eTag: asset.entityTag, .cacheControl: "no-cache"],
          body: ResponseBody(byteBuffer: asset.bytes))
      }
    }
  }

  private func addHealth(to router: Router<BasicRequestContext>) {
    router.get("/health") { _, _ in
      Response(json: HealthReport(timestamp: relay.clocks.wall().secondsSince1970))
    }
    router.get("/healthz") { _, _ in Response(text: "ok\n") }
    router.get("/readyz") { _, _ in
      guard let reason = providers.notReadyReason() else { return Response(text: "ok\n") }
      return Response(status: .serviceUnavailable, text: reason)
    }
    router.get("/health/rtsp") { _, _ in
      guard let report = providers.rtsp() else {
        return Response(status: .serviceUnavailable, json: RTSPHealthReport(report: nil))
      }
      return Response(status: report.isHealthy ? .ok : .serviceUnavailable, json: RTSPHealthReport(report: report))
    }
    router.get("/rtsp/status") { _, _ in
      guard let report = providers.rtsp() else {
        return Response(status: .serviceUnavailable, json: RTSPStatusReport(report: nil))
      }
      return Response(json: RTSPStatusReport(report: report))
    }
    for path in ["health/video", "video/status"] {
      router.get("\(path)") { _, _ in Response(json: VideoReport(streams: relay.streams().map { $0.snapshot() })) }
    }
  }

  private func addStreams(to router: Router<BasicRequestContext>) {
    router.get("/api/streams") { _, _ in
      var elsewhere: [StreamName: ElsewhereReport] = [:]
      for report in providers.elsewhere() { elsewhere[report.stream] = report }
      var reports: [StreamReport] = []
      for stream in relay.streams() {
        var ages = AgeHistogram()
        for reader in await stream.readerSnapshots() where reader.transport == .websocket { ages.merge(reader.ages) }
        let other = elsewhere.removeValue(forKey: stream.name)
        reports.append(StreamReport(snapshot: stream.snapshot(), ages: ages, elsewhere: other))
      }
      reports += elsewhere.values.map(StreamReport.init)
      reports.sort { $0.name < $1.name }
      return Response(json: ["streams": reports])
    }
    router.get("/api/streams/:name/readers") { _, context in
      guard let name = context.parameters.get("name").flatMap({ StreamName($0) }),
        let stream = relay.existingStream(name)
      else { return Response(status: .notFound, text: "no such stream") }
      return Response(json: ["readers": await stream.readerSnapshots().map(ReaderReport.init)])
    }
    router.get("/api/phones") { _, _ in Response(json: ["phones": telemetry?.phones() ?? []]) }
    router.get("/api/server") { _, _ in
      // The start by today's clock: it may have been corrected since.
      let now = relay.clocks.reading()
      return Response(
        json: ServerReport(
          version: version, uptime_s: now.host.since(startedAt).seconds,
          started: now.wall(at: startedAt).secondsSince1970, time: now.wall.secondsSince1970,
          rtsp_port: configuration.rtspPort, auth_required: configuration.access.requiresToken,
          clock: providers.clock(), storage: providers.storage()))
    }
  }
}
