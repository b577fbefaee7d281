import Access
import Foundation
import TestSupport
import Testing

@Suite struct TokenSetTests {
  let folder = TemporaryFolder()

  func token(_ letter: String) throws -> Token { try #require(Token(String(repeating: letter, count: 22))) }

  @Test func eachRoleGrantsWhatItSays() throws {
    var set = TokenSet()
    for (letter, permission) in zip(["p", "v", "c"], Permission.allCases) {
      set.add(try token(letter), for: permission)
    }
    #expect(set.permissions(of: try token("p").secret) == [.publish])
    #expect(set.permissions(of: try token("v").secret) == [.view])
    #expect(set.permissions(of: try token("c").secret) == [.view, .control])
    #expect(set.permissions(of: try token("x").secret) == [])
    #expect(set.permissions(of: "") == [])
    #expect(set.tokens(sufficientFor: .view) == [try token("v"), try token("c")])
  }

  @Test func fileSurvivesARoundTripAndIsPrivate() throws {
    let set = TokenSet.random()
    let path = folder.path("tokens")
    try set.write(file: path)
    #expect(try TokenSet(file: path) == set)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func fileThatOthersCanReadIsRefused() throws {
    let path = folder.path("tokens")
    try TokenSet.random().write(file: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    let error = #expect(throws: AccessError.self) { try TokenSet(file: path) }
    #expect(error == .fileIsReadableByOthers(path: path))
    #expect(error?.description.hasSuffix("run: chmod 600 \(path)") == true)
  }

  @Test func fileAllowsCommentsQuotesAndSeveralTokensOfARole() throws {
    let path = folder.path("tokens")
    try folder.write(
      "# our tokens\r\n\n view : \"\(token("v").secret)\"  # phones\nview: \(token("w").secret)\n", to: "tokens",
      mode: 0o600)
    #expect(try TokenSet(file: path).tokens(for: .view) == [try token("v"), try token("w")])
  }

  /// Swift takes a carriage return and a line feed for one character.
  @Test func fileMayHaveWindowsLineEnds() throws {
    let path = folder.path("tokens")
    try folder.write("view: \(token("v").secret)\r\npublish: \(token("p").secret)\r\n", to: "tokens", mode: 0o600)
    let tokens = try TokenSet(file: path)
    #expect(try tokens.tokens(for: .view) == [token("v")])
    #expect(try tokens.tokens(for: .publish) == [token("p")])
  }

  @Test(arguments: [
    ("view aaaaaaaaaaaaaaaaaaaaaa", 1, "expected “role: token”"),
    ("\nadmin: aaaaaaaaaaaaaaaaaaaaaa", 2, "unknown role “admin”; roles are publish, view, control"),
    ("view: short", 1, "a token has 16 to 128 of A–Z a–z 0–9 - . _ ~"),
    ("view:", 1, "expected “role: token”"),
    ("# nothing", 1, "no token in this file"),
  ])
  func mistakesNameTheLine(text: String, line: Int, reason: String) throws {
    let path = folder.path("tokens")
    try folder.write(text, to: "tokens", mode: 0o600)
    let error = #expect(throws: AccessError.self) { try TokenSet(file: path) }
    #expect(error == .tokenFile(path: path, line: line, reason: reason))
  }

  @Test func missingFileIsNamed() {
    let error = #expect(throws: AccessError.self) { try TokenSet(file: "/nonexistent/tokens") }
    #expect(error?.description == "/nonexistent/tokens: No such file or directory")
  }

  @Test func aFolderIsNoTokenFile() {
    let error = #expect(throws: AccessError.self) { try TokenSet(file: folder.url.path) }
    #expect(error == .file(path: folder.url.path, reason: "not a regular file"))
  }
}
