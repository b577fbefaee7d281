import FoundationEssentials
import NIOCore
import PosixFiles
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct PosixFilesTests {
  private let folder = TemporaryFolder()
  private var root: String { folder.url.path }

  @Test func whatIsWrittenIsRead() throws {
    let path = root + "/file"
    let file = try OpenFile(path, flags: O_RDWR | O_CREAT, mode: 0o600, for: .create)
    #expect(file.write(ByteBuffer(string: "0123456789"), at: 2).written == 10)
    #expect(try file.size() == 12)
    #expect(try file.read(at: 7, count: 3) == ByteBuffer(string: "567"))
    #expect(try file.read(at: 10, count: 100) == ByteBuffer(string: "89"), "fewer at the end")
    try file.truncate(to: 4)
    try file.sync()
    #expect(try file.read(at: 0, count: 100) == ByteBuffer(bytes: [0, 0, 0x30, 0x31]))
  }

  @Test func failuresNameWhatAndWhere() {
    let path = root + "/none/file"
    let failure = #expect(throws: FileFailure.self) { try OpenFile(path, flags: O_RDONLY, mode: 0) }
    #expect(failure == FileFailure(.open, path, code: ENOENT))
    #expect(failure?.description == "opening \(path) failed: No such file or directory")
    #expect(failure?.isFullDisk == false)
    #expect(FileFailure(.write, path, code: ENOSPC).isFullDisk)
  }

  @Test func linksAreNotOpened() throws {
    _ = try OpenFile(root + "/file", flags: O_RDWR | O_CREAT, mode: 0o600)
    #expect(symlink(root + "/file", root + "/link") == 0)
    let failure = #expect(throws: FileFailure.self) {
      try OpenFile(root + "/link", flags: O_RDWR, mode: 0)
    }
    #expect(failure?.code == ELOOP)
  }

  @Test func aLockHasOneOwnerUntilItGoes() throws {
    let path = root + "/lock"
    for removesFile in [true, false] {
      do {
        let lock = try FileLock.take(path, mode: 0o600, removesFile: removesFile)
        #expect(lock != nil)
        #expect(try FileLock.take(path, mode: 0o600, removesFile: removesFile) == nil)
        #expect(try FileLock.isTaken(path))
        withExtendedLifetime(lock) {}
      }
      #expect(try Folder.names(in: root) == (removesFile ? [] : ["lock"]))
    }
    #expect(try !FileLock.isTaken(path))
  }

  @Test func foldersAreMadeListedAndMeasured() throws {
    let inner = root + "/a/b/c"
    try Folder.make(inner)
    try Folder.make(inner)
    for name in ["z", "y"] { _ = try OpenFile("\(inner)/\(name)", flags: O_RDWR | O_CREAT, mode: 0o600) }
    try Folder.sync(inner)
    #expect(try Folder.names(in: inner) == ["y", "z"])
    try Folder.remove(inner + "/y")
    #expect(try Folder.names(in: inner) == ["z"])
    let space = try Folder.space(at: inner)
    #expect(space.freeBytes > 0 && space.totalBytes >= space.freeBytes)
    #expect(throws: FileFailure(.list, inner + "/z", code: ENOTDIR)) { try Folder.names(in: inner + "/z") }
  }

  @Test func aLinkToAFolderIsAFolder() throws {
    try Folder.make(root + "/disk")
    #expect(symlink(root + "/disk", root + "/recordings") == 0)
    try Folder.sync(root + "/recordings")
    try Folder.make(root + "/recordings/today")
    #expect(try Folder.names(in: root + "/disk") == ["today"])
  }
}
