import BusMessages
import NIOCore
import Testing

/// Bodies as protocol.md section 5 has them: keys, and what comes back.
@Suite struct BodyTests {
  private static let pose = [[1, 0, 0, 2.5], [0, 1, 0, -3], [0, 0, 1, 0.125], [0, 0, 0, 1.0]]

  private func verify<Body: JSONBody & Equatable>(_ body: Body, is text: String, on topic: Topic) throws {
    let encoded = try body.encoded()
    #expect(String(buffer: encoded) == text)
    #expect(try Body(encoded) == body)
    #expect(Body.topic == topic)
    let message = try body.message(headers: [BusHeader.stream: .text("drone")])
    #expect(message.topic == topic && message.contentType == "application/json" && message.body == encoded)
    #expect(message.headers == ["stream": .text("drone")])
  }

  @Test func processedFrame() throws {
    let object = ProcessedFrame.Object(
      id: 3, label: "car", score: 0.5, box: [1, 2, 3.5, 4], area: 6, maskShape: [720, 1280],
      mask: ProcessedFrame.Mask(size: [720, 1280], counts: "0\\o"))
    try verify(
      ProcessedFrame(frameNumber: 7, timestamp: 1.5, objects: [object]),
      is: #"{"frame_number":7,"objects":[{"area":6,"box":[1,2,3.5,4],"id":3,"label":"car","#
        + #""mask":{"counts":"0\\o","size":[720,1280]},"mask_shape":[720,1280],"score":0.5}],"timestamp":1.5}"#,
      on: .processedFrames)
  }

  @Test func bodiesOfOthersNeedOnlyWhatTheProtocolNames() throws {
    let pose = try CameraPose(
      ByteBuffer(string: #"{"frame_number":1,"timestamp":2,"pose":[[1],[2]],"is_keyframe":true,"new":[]}"#))
    #expect(pose.stream == nil && pose.isKeyframe)
  }

  @Test func cameraPose() throws {
    try verify(
      CameraPose(frameNumber: 7, timestamp: 1.5, pose: Self.pose, isKeyframe: true, stream: "drone"),
      is: #"{"frame_number":7,"is_keyframe":true,"pose":[[1,0,0,2.5],[0,1,0,-3],[0,0,1,0.125],[0,0,0,1]],"#
        + #""stream":"drone","timestamp":1.5}"#,
      on: .slamResults)
    let message = try CameraPose(frameNumber: 7, timestamp: 1.5, pose: Self.pose, isKeyframe: false)
      .message(on: .trajectory)
    #expect(message.topic == .trajectory)
  }

  @Test func identification() throws {
    try verify(
      IdentificationResult(objectID: 4, timestamp: 2, results: ["shop": "a/b"]),
      is: #"{"object_id":4,"results":{"shop":"a/b"},"timestamp":2}"#, on: .identificationResults)
  }

  @Test func restart() throws { try verify(RestartRequest(), is: #"{"type":"restart"}"#, on: .restart) }

  @Test func lifecycleEvent() throws {
    var event = LifecycleEvent(type: .recordingSegmentClosed, timestamp: 2, id: "x", node: "host:5001")
    event.durationSeconds = 60
    event.session = "20260102_030405"
    try verify(
      event,
      is: #"{"duration_s":60,"id":"x","node":"host:5001","session":"20260102_030405","timestamp":2,"#
        + #""type":"recording_segment_closed"}"#,
      on: .events)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func numbersThatJSONLacksAreRefused(number: Double) {
    #expect(throws: BusBodyError.notRepresentable(topic: .slamResults)) {
      try CameraPose(frameNumber: 0, timestamp: number, pose: Self.pose, isKeyframe: false).encoded()
    }
    #expect(throws: BusBodyError.notRepresentable(topic: .processedFrames)) {
      let object = ProcessedFrame.Object(
        id: 1, label: "", score: number, box: [], area: 0, maskShape: [])
      _ = try ProcessedFrame(frameNumber: 0, timestamp: 0, objects: [object]).message()
    }
    #expect(
      "\(BusBodyError.notRepresentable(topic: .slamResults))"
        == "a body for slam_results_exchange has a number that JSON cannot express")
  }

  @Test(arguments: ["", "{", "[]", "null", #"{"type":1}"#, #"{"object_id":"4","timestamp":2,"results":{}}"#])
  func whatIsNoBodyIsRefused(text: String) {
    let error = #expect(throws: BusBodyError.self) { _ = try IdentificationResult(ByteBuffer(string: text)) }
    guard case .malformed(topic: .identificationResults, _) = error else {
      Issue.record("\(text): \(String(describing: error))")
      return
    }
  }
}
