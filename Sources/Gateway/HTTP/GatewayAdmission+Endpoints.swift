import HTTPTypes
import HummingbirdCore
import MediaModel
import WebSocketTransport

extension GatewayAdmission {
  /// Decides about an address that another service answers.
  func decide(
    _ endpoint: SocketEndpoint, target: String, origin: String?, host: String?, authorization: String?,
    subprotocols: String?
  ) -> Result<WebSocketAdmission, Refusal> {
    let isKnownPage = origin.map { endpoint.origins.contains($0.lowercased()) } ?? false
    if let refusal = originRefusal(origin: isKnownPage ? nil : origin, host: host) { return .failure(refusal) }
    let parameters = URI(target).queryParameters
    var query = SocketEndpoint.Query(session: parameters["session"].map(String.init))
    do throws(StreamQuery.Problem) {
      query.stream = try parameters["stream"].map { name throws(StreamQuery.Problem) in
        try StreamQuery.streamName(name)
      }
    } catch {
      return .failure(Refusal(status: .badRequest, reason: error.description, counted: .malformed))
    }
    let token = parameters["token"].map(String.init)
    if let refusal = tokenRefusal(endpoint.permission, authorization: authorization, query: token) {
      return .failure(refusal)
    }
    let offered = (subprotocols ?? "").split(separator: ",").map { $0.trimming(while: { $0 == " " || $0 == "\t" }) }
    let subprotocol = endpoint.subprotocols.first { known in offered.contains { $0 == known } }
    guard endpoint.subprotocols.isEmpty || subprotocol != nil else {
      return .failure(
        Refusal(
          status: .badRequest,
          reason: "Sec-WebSocket-Protocol: expected \(endpoint.subprotocols.joined(separator: " or "))",
          counted: .malformed))
    }
    switch endpoint.accept(query) {
    case .failure(let refusal): return .failure(Refusal(status: .notFound, reason: refusal.reason))
    case .success(let makeRole):
      return .success(.accept(endpoint.limits, subprotocol: subprotocol, makeRole: makeRole))
    }
  }
}

extension Substring {
  fileprivate func trimming(while isOut: (Character) -> Bool) -> Substring {
    var rest = drop(while: isOut)
    while let last = rest.last, isOut(last) { rest = rest.dropLast() }
    return rest
  }
}
