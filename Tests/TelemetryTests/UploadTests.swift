import TestSupport
import MediaModel
import Foundation
import NIOCore
import Telemetry
import TelemetryProtocol
import Testing

@Suite(.timeLimit(.minutes(1)))
struct UploadTests {
  private func answer(_ phone: PhoneLink, _ wakes: Wakes) async throws -> JSONObject {
    try JSONObject(ByteBuffer(string: payload(try await wakes.next { phone.next() }.message)))
  }

  private func files(_ folder: String) -> [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  @Test func filesAreWrittenAndNeverReplaced() async throws {
    let rig = Rig(session: "session")
    let wakes = Wakes()
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: wakes.wake)
    try await rig.running {
      for expected in ["log.csv", "log-1.csv", "log-2.csv"] {
        _ = phone.text(
          ByteBuffer(string: #"{"type":"file_upload","fileName":"log.csv","fileContent":"a,ü\n\#(expected)"}"#))
        let answer = try await self.answer(phone, wakes)
        #expect(answer.text("type") == "file_upload_result")
        #expect(answer.boolean("ok") == true)
        #expect(answer.text("savedAs") == expected)
      }
    }
    let folder = rig.folder.path("session")
    #expect(files(folder) == ["log-1.csv", "log-2.csv", "log.csv"])
    #expect(try String(contentsOfFile: folder + "/log-1.csv", encoding: .utf8) == "a,ü\nlog-1.csv")
  }

  @Test func withoutARecordingFilesGoToAFolderOfTheirTime() async throws {
    let rig = Rig()
    let wakes = Wakes()
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: wakes.wake)
    try await rig.running {
      _ = phone.text(ByteBuffer(string: #"{"type":"file_upload_start","fileName":"log.csv"}"#))
      for index in [1, 0, 2] {
        _ = phone.text(
          ByteBuffer(
            string: #"{"type":"file_upload_chunk","fileName":"log.csv","chunkIndex":\#(index),"chunk":"\#(index)\n"}"#))
      }
      _ = phone.text(ByteBuffer(string: #"{"type":"file_upload_complete","fileName":"log.csv"}"#))
      let answer = try await self.answer(phone, wakes)
      #expect(answer.integer("bytes") == 6)
    }
    #expect(files(rig.folder.path("uploads")) == ["20231114_221321", "20231114_221321/log.csv"])
    let path = rig.folder.path("uploads") + "/20231114_221321/log.csv"
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "0\n1\n2\n")
  }

  @Test func whatIsNotWrittenLeavesNothing() async throws {
    let rig = Rig()
    let wakes = Wakes()
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: wakes.wake)
    try await rig.running {
      for (name, reason) in [("../../evil.csv", "name"), ("metadata.json", "type"), (".a.csv", "name")] {
        _ = phone.text(ByteBuffer(string: #"{"type":"file_upload","fileName":"\#(name)","fileContent":"x"}"#))
        let answer = try await self.answer(phone, wakes)
        #expect(answer.boolean("ok") == false)
        #expect(answer.text("reason") == reason)
        #expect(answer.text("fileName") == name)
      }
      // One that is begun and never ended, and one that is whole behind it.
      _ = phone.text(ByteBuffer(string: #"{"type":"file_upload_start","fileName":"open.csv"}"#))
      _ = phone.text(ByteBuffer(string: #"{"type":"file_upload","fileName":"whole.csv","fileContent":"x"}"#))
      #expect(try await self.answer(phone, wakes).text("savedAs") == "whole.csv")
      phone.close()
    }
    let left = files(rig.folder.path("uploads"))
    #expect(left == ["20231114_221321", "20231114_221321/whole.csv"])
  }

  @Test func aDiskThatDoesNotTakeItIsTold() async throws {
    let rig = Rig(session: "session")
    // A file where the folder should be.
    try rig.folder.write("", to: "session")
    let wakes = Wakes()
    let phone = rig.hub.connectPhone(stream: .default, peer: "p:1", wake: wakes.wake)
    try await rig.running {
      _ = phone.text(ByteBuffer(string: #"{"type":"file_upload","fileName":"a.csv","fileContent":"x"}"#))
      let answer = try await self.answer(phone, wakes)
      #expect(answer.text("reason") == "storage")
      #expect(answer.text("fileName") == "a.csv")
    }
  }
}
