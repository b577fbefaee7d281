import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension GatewayRoutes {
  /// What is looked for: for everybody who may watch, and to be changed by those who may steer.
  func addDetection(to router: Router<BasicRequestContext>) {
    router.get("/api/detection") { _, _ in Response(json: providers.detection.report()) }
    router.put("/api/detection") { request, _ in
      let change: DetectionChange
      do {
        let body = try await request.body.collect(upTo: 16 << 10)
        change = try JSONDecoder().decode(DetectionChange.self, from: Data(body.readableBytesView))
      } catch is NIOTooManyBytesError {
        return Response(status: .contentTooLarge, text: "the body is longer than 16 KiB\n")
      } catch is DecodingError {
        return Response(
          status: .badRequest, text: "the body is a JSON object with mode and prompt, both texts, or one of them\n")
      }
      switch providers.detection.change(change) {
      case .taken: return Response(json: providers.detection.report())
      case .passedOn: return Response(status: .accepted, json: providers.detection.report())
      case .wrong(let reason): return Response(status: .badRequest, text: reason + "\n")
      case .unavailable(let reason): return Response(status: .conflict, text: reason + "\n")
      }
    }
  }
}
