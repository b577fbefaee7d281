import Access
import Foundation
import NIOCore
import NIOEmbedded
import NIOSSL
import TestSupport
import Testing

@Suite struct TLSMaterialTests {
  static let day = 86_400.0
  let folder = TemporaryFolder()
  let now = Date().timeIntervalSince1970

  func selfSigned(_ names: [String] = [], after days: Double = 0) throws -> TLSMaterial {
    try TLSMaterial.selfSigned(
      directory: folder.url.path, names: names, nowSecondsSince1970: now + days * Self.day)
  }

  @Test func selfSignedIsKeptUntilNearItsEnd() throws {
    let first = try selfSigned(["drone.local", "192.168.1.5"])
    #expect(try selfSigned(["192.168.1.5"], after: 300).certificateChainPEM == first.certificateChainPEM)
    #expect(try selfSigned(["10.9.8.7"], after: 300).certificateChainPEM != first.certificateChainPEM)
    let second = try selfSigned(after: 0)
    #expect(try selfSigned(after: 368).certificateChainPEM == second.certificateChainPEM)
    #expect(try selfSigned(after: 698).certificateChainPEM != second.certificateChainPEM)
  }

  @Test func keyIsPrivate() throws {
    _ = try selfSigned()
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("tls-key.pem"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.path("tls-key.pem"))
    #expect(throws: AccessError.fileIsReadableByOthers(path: folder.path("tls-key.pem"))) { try selfSigned() }
  }

  @Test func fingerprintHasTheFormOfBrowsers() throws {
    let fingerprint = try selfSigned().fingerprint()
    #expect(fingerprint.count == 95)
    #expect(fingerprint.split(separator: ":").allSatisfy { UInt8($0, radix: 16) != nil })
  }

  @Test func keyOfAnotherCertificateIsRefused() throws {
    _ = try selfSigned()
    let other = TemporaryFolder()
    _ = try TLSMaterial.selfSigned(directory: other.url.path, names: [], nowSecondsSince1970: now)
    let error = #expect(throws: AccessError.self) {
      try TLSMaterial(certificateFile: folder.path("tls-certificate.pem"), keyFile: other.path("tls-key.pem"))
    }
    #expect(error?.description.hasPrefix(other.path("tls-key.pem") + ": this is not the key") == true)
  }

  @Test func garbageIsNamed() throws {
    try folder.write("hello", to: "cert.pem", mode: 0o600)
    let path = folder.path("cert.pem")
    let error = #expect(throws: AccessError.self) { try TLSMaterial(certificateFile: path, keyFile: path) }
    #expect(error?.description.hasPrefix(path) == true)
  }

  @Test(arguments: ["localhost", "drone.local"])
  func clientThatTrustsTheCertificateConnects(name: String) throws {
    let material = try selfSigned(["drone.local"])
    let trust = ClientTrust.certificate(file: folder.path("tls-certificate.pem"))
    #expect(try handshake(material, trust: trust, name: name) == "ping")
  }

  @Test func clientThatDoesNotTrustItRefuses() throws {
    let material = try selfSigned()
    #expect(throws: (any Error).self) { try handshake(material, trust: .system, name: "localhost") }
    #expect(throws: (any Error).self) {
      try handshake(material, trust: .certificate(file: folder.path("tls-certificate.pem")), name: "evil.example.com")
    }
    #expect(try handshake(material, trust: .anybody, name: "evil.example.com") == "ping")
  }

  /// Joins a TLS client and server in memory and sends one message.
  func handshake(_ material: TLSMaterial, trust: ClientTrust, name: String) throws -> String {
    let server = EmbeddedChannel(
      handler: NIOSSLServerHandler(context: try NIOSSLContext(configuration: material.serverConfiguration())))
    let client = EmbeddedChannel(
      handler: try NIOSSLClientHandler(
        context: NIOSSLContext(configuration: trust.configuration()), serverHostname: name))
    try server.connect(to: SocketAddress(ipAddress: "203.0.113.1", port: 1)).wait()
    try client.connect(to: SocketAddress(ipAddress: "203.0.113.1", port: 1)).wait()
    client.writeAndFlush(ByteBuffer(string: "ping"), promise: nil)
    for _ in 0..<10 {
      while let bytes = try client.readOutbound(as: ByteBuffer.self) { try server.writeInbound(bytes) }
      while let bytes = try server.readOutbound(as: ByteBuffer.self) { try client.writeInbound(bytes) }
    }
    let received = try #require(try server.readInbound(as: ByteBuffer.self))
    return String(buffer: received)
  }
}
