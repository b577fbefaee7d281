import Gateway
import Testing

@Suite struct WebAssetsTests {
  let assets = WebAssets.embedded

  @Test func rootIsTheIndex() throws {
    let root = try #require(assets.asset(at: "/"))
    #expect(root.contentType == "text/html; charset=utf-8")
    #expect(String(buffer: root.body).hasPrefix("<!doctype html>"))
    #expect(root.entityTag == assets.asset(at: "/index.html")?.entityTag)
  }

  @Test func modulesHaveATypeThatBrowsersRun() throws {
    for path in assets.paths where path.hasSuffix(".js") {
      #expect(assets.asset(at: path)?.contentType == "text/javascript; charset=utf-8", "\(path)")
    }
  }

  @Test func entityTagsAreStrongAndTellFilesApart() throws {
    let tags = assets.paths.compactMap { assets.asset(at: $0)?.entityTag }
    #expect(tags.count == assets.paths.count)
    #expect(Set(tags).count == tags.count)
    for tag in tags {
      #expect(tag.wholeMatch(of: /"[0-9a-f]{16}"/) != nil, "\(tag)")
    }
  }

  @Test(arguments: ["/nothing.js", "", "js/main.js", "/js/", "/../Package.swift"])
  func otherPathsAreNotThere(path: String) {
    #expect(assets.asset(at: path) == nil)
  }
}
