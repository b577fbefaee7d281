import Access
import HTTPTypes
import Hummingbird
import MediaModel

extension GatewayRoutes {
  /// Where a phone is told how to become the camera.
  func addPhoneLink(to router: Router<BasicRequestContext>) {
    router.get("/api/phone-link") { request, _ in
      let name = request.uri.queryParameters["stream"].map(String.init) ?? "\(StreamName.default)"
      guard let stream = StreamName(name) else {
        return Response(status: .badRequest, text: "'\(name.prefix(80))' is no name of a stream")
      }
      guard let authority = request.head.authority else {
        return Response(status: .badRequest, text: "the request does not say which host it is for")
      }
      let origin = PhonePageLink.origin(
        isEncrypted: configuration.tls != nil, authority: authority, addresses: configuration.addresses)
      let link = PhonePageLink(origin: origin, stream: stream, token: publishToken(for: request))
      return Response(json: try PhoneLinkReport(link, needsToken: configuration.access.requiresToken))
    }
  }

  /// The token for the phone of somebody who may steer; who may only watch gets none.
  private func publishToken(for request: Request) -> String? {
    let presented = AccessPolicy.presentedToken(
      authorization: request.headers[.authorization], query: request.uri.queryParameters["token"].map(String.init))
    guard let tokens = configuration.access.tokens,
      case .granted = configuration.access.decide(.control, presented: presented)
    else { return nil }
    return tokens.tokens(for: .publish).first?.secret
  }
}
