import Foundation
import NIOCore
import Sessions
import TestSupport
import Testing

@Suite struct SessionExportTests {
  @Test func filesGoWhereTheyAreWanted() throws {
    let folder = TemporaryFolder()
    let here = folder.url.path
    #expect(try SessionExport.path(of: .gpx, session: "s", output: nil, isOnly: true) == "s.gpx")
    #expect(try SessionExport.path(of: .csv, session: "s", output: nil, isOnly: true) == "s_csv")
    #expect(try SessionExport.path(of: .gpx, session: "s", output: here, isOnly: true) == here + "/s.gpx")
    #expect(try SessionExport.path(of: .gpx, session: "s", output: here + "/a", isOnly: true) == here + "/a")
    #expect(try SessionExport.path(of: .gpx, session: "s", output: here + "/a/", isOnly: true) == here + "/a/s.gpx")
    #expect(try SessionExport.path(of: .gpx, session: "s", output: here + "/a", isOnly: false) == here + "/a/s.gpx")
    #expect(try SessionExport.path(of: .gpx, session: "s", output: "-", isOnly: true) == "-")
  }

  @Test(arguments: [(SessionFormat.csv, true), (.colmap, true), (.mcap, true), (.gpx, false)])
  func whatIsNoStreamDoesNotGoToStandardOutput(format: SessionFormat, isOnly: Bool) {
    #expect(throws: SessionsError.self) {
      try SessionExport.path(of: format, session: "s", output: "-", isOnly: isOnly)
    }
  }

  @Test func aFileIsThereWholeOrNotAtAll() throws {
    let folder = TemporaryFolder()
    let path = folder.path("a")
    do {
      let file = try OutputFile(path)
      try file.write("part")
    }
    #expect(try folder.url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true)
    let file = try OutputFile(path)
    try file.write("whole")
    try file.write(ByteBuffer(string: "W"), at: 0)
    try file.finish()
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "Whole")
  }

  @Test func aFolderThatIsNotThereIsNamed() {
    #expect(throws: SessionsError.noSession("/nowhere/s")) { try SessionFolder(path: "/nowhere/s") }
  }
}
