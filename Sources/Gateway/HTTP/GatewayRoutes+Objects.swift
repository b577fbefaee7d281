import HTTPTypes
import Hummingbird
import NIOCore

extension GatewayRoutes {
  /// What is where in the world: for everybody who may watch.
  func addObjects(to router: Router<BasicRequestContext>) {
    router.get("/api/objects") { request, _ in
      let isGeoJSON: Bool
      switch request.uri.queryParameters["format"] {
      case nil, "json": isGeoJSON = false
      case "geojson": isGeoJSON = true
      default: return Response(status: .badRequest, text: "format is json or geojson\n")
      }
      guard let bytes = providers.objects(isGeoJSON) else {
        return Response(status: .notFound, text: "nobody looks for where objects are\n")
      }
      return Response(
        status: .ok, headers: [.contentType: isGeoJSON ? "application/geo+json" : "application/json"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
  }
}
