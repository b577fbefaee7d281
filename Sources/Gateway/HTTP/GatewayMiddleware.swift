import Access
import HTTPTypes
import Hummingbird

/// Headers of every answer: what a browser may do with it.
struct ResponseHeaders: RouterMiddleware {
  typealias Context = BasicRequestContext

  // Pages are plain modules of this server; video comes as blobs and over WebSocket. Nothing else is needed.
  private static let contentSecurityPolicy =
    "default-src 'self'; media-src 'self' blob:; img-src 'self' data: blob:; connect-src 'self' ws: wss:; "
    + "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch let error as HTTPError {
      response = Response(status: error.status, text: (error.body ?? error.status.reasonPhrase) + "\n")
    }
    response.headers[.contentSecurityPolicy] = Self.contentSecurityPolicy
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[HTTPField.Name("Referrer-Policy")!] = "no-referrer"
    response.headers[HTTPField.Name("Cross-Origin-Resource-Policy")!] = "same-origin"
    return response
  }
}

/// Lets requests through that come from an allowed page and carry the token that their path needs.
struct RequestGuard: RouterMiddleware {
  typealias Context = BasicRequestContext

  let admission: GatewayAdmission

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let path = request.uri.path
    let host = request.head.authority
    let token = request.uri.queryParameters["token"].map(String.init)
    // Whoever changes something needs to be allowed to steer.
    let permission: Permission = [.get, .head, .options].contains(request.method) ? .view : .control
    let refusal =
      Self.needsToken(path)
      ? admission.refusal(of: permission, query: token, headers: request.headers, host: host)
      : admission.originRefusal(origin: request.headers[.origin], host: host)
    if let refusal { return admission.answer(refusal) }
    return try await next(request, context)
  }

  /// Whether a path shows anything of streams or recordings. Health checks, the page itself and what it needs to know
  /// before it asks for a token are open; WebSockets decide for themselves.
  private static func needsToken(_ path: String) -> Bool {
    if path == "/api/server" { return false }
    return ["/api/", "/recordings/", "/metrics"].contains { path.hasPrefix($0) }
  }
}
