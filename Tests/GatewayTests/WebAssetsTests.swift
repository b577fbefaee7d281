import Gateway
import NIOCore
import Testing

@Suite struct WebAssetsTests {
  @Test func rootIsTheIndex() throws {
    let root = try #require(WebAssets.asset(at: "/"))
    #expect(root.contentType == "text/html; charset=utf-8")
    #expect(String(buffer: root.bytes).hasPrefix("<!doctype html>"))
    #expect(root.entityTag == WebAssets.asset(at: "/index.html")?.entityTag)
  }

  @Test func modulesHaveATypeThatBrowsersRun() throws {
    for path in WebAssets.paths where path.hasSuffix(".js") {
      #expect(WebAssets.asset(at: path)?.contentType == "text/javascript; charset=utf-8", "\(path)")
    }
  }

  @Test func entityTagsAreStrongAndTellFilesApart() throws {
    let tags = WebAssets.paths.compactMap { WebAssets.asset(at: $0)?.entityTag }
    #expect(tags.count == WebAssets.paths.count)
    #expect(Set(tags).count == tags.count)
    for tag in tags {
      #expect(tag.wholeMatch(of: /"[0-9a-f]{16}"/) != nil, "\(tag)")
    }
  }

  @Test(arguments: ["/nothing.js", "", "js/main.js", "/js/", "/../Package.swift"])
  func otherPathsAreNotThere(path: String) {
    #expect(WebAssets.asset(at: path) == nil)
  }
}
