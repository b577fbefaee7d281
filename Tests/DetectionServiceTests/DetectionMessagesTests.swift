import BusMessages
import DetectionService
import NIOCore
import Testing

@Suite struct DetectionMessagesTests {
  private func message(_ text: String, stream: String? = "drone") -> BusMessage {
    BusMessage(
      topic: .analysisMode, body: ByteBuffer(string: text), contentType: BusMessage.json,
      headers: stream.map { [BusHeader.stream: .text($0)] } ?? [:])
  }

  @Test func aPhonesChoiceIsAWish() throws {
    let plain = message(#"{"type":"analysis_mode","data":"yolo"}"#)
    #expect(try DetectionMessages.request(in: plain, for: "drone") == DetectionRequest(mode: "yolo"))
    let told = message(#"{"type":"analysis_mode","data":"grounded","prompt":"person. car.","more":1}"#, stream: nil)
    #expect(
      try DetectionMessages.request(in: told, for: "drone")
        == DetectionRequest(mode: "grounded", prompt: "person. car."))
  }

  @Test func otherStreamsAreLeftAlone() throws {
    let other = message(#"{"type":"analysis_mode","data":"none"}"#, stream: "second")
    #expect(try DetectionMessages.request(in: other, for: "drone") == nil)
  }

  @Test(arguments: ["", "{", "[]", #"{"type":"analysis_mode"}"#, #"{"type":"analysis_mode","data":7}"#])
  func whatIsNoChoiceIsRefused(_ text: String) {
    #expect(throws: DetectionRefusal.self) { try DetectionMessages.request(in: message(text), for: "drone") }
  }

  @Test(arguments: [
    ("none", DetectionMode.none), ("off", .none), ("OFF", .none), ("yolo", .yolo), ("fastestdet", .yolo),
    ("Motion", .motion), ("grounded", .grounded),
  ])
  func wordsForModes(_ word: String, _ mode: DetectionMode) { #expect(DetectionMode(word: word) == mode) }
}
