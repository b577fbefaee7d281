import Clocks
import HTTPTypes
import Hummingbird
import MediaModel
import NIOCore
import Telemetry

extension GatewayRoutes {
  /// What the camera saw of the world, and which way it went.
  func addWorld(to router: Router<BasicRequestContext>) {
    router.get("/api/map") { request, _ in
      guard let stream = Self.stream(of: request) else { return Self.wrongStream }
      // That there is none yet is no mistake of whoever asks.
      guard let map = telemetry?.map(of: stream) else { return Response(status: .noContent) }
      let tag = "\"\(stream)-\(startedAt.nanos)-\(map.tag)\""
      let headers: HTTPFields = [.eTag: tag, .cacheControl: "no-cache", .contentType: "application/x-ply"]
      if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: map.ply))
    }
    router.get("/api/path") { request, _ in
      guard let stream = Self.stream(of: request) else { return Self.wrongStream }
      guard let telemetry else { return Response(status: .notFound, text: "no telemetry is taken here") }
      return Response(json: telemetry.path(of: stream))
    }
  }

  private static func stream(of request: Request) -> StreamName? {
    StreamName(request.uri.queryParameters["stream"].map(String.init) ?? StreamName.default.text)
  }

  private static var wrongStream: Response { Response(status: .badRequest, text: "this is no name of a stream") }
}
