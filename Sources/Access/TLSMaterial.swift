import Crypto
import Foundation
public import NIOSSL
import SwiftASN1
import X509

/// The certificate chain and private key of a TLS server.
public struct TLSMaterial: Sendable {
  /// PEM, the server's own certificate first.
  public let certificateChainPEM: String
  private let keyPEM: String
  private let certificatePath: String

  private init(certificateChainPEM: String, keyPEM: String, certificatePath: String) {
    self.certificateChainPEM = certificateChainPEM
    self.keyPEM = keyPEM
    self.certificatePath = certificatePath
  }

  /// Reads PEM files and checks that they fit together.
  /// - Throws: `AccessError` when a file cannot be read, others can read the key, or it is not the certificate's.
  public init(certificateFile: String, keyFile: String) throws(AccessError) {
    self.init(
      certificateChainPEM: try PrivateFile.readPublic(certificateFile), keyPEM: try PrivateFile.read(keyFile),
      certificatePath: certificateFile)
    let certificate = try Self.leaf(certificateChainPEM, path: certificateFile)
    let key: Certificate.PrivateKey
    do { key = try Certificate.PrivateKey(pemEncoded: keyPEM) } catch {
      throw .certificate(path: keyFile, reason: "no private key in PEM that can be read")
    }
    guard key.publicKey == certificate.publicKey else {
      throw .certificate(path: keyFile, reason: "this is not the key of the certificate in \(certificateFile)")
    }
  }

  /// SHA-256 of the server's certificate, as browsers show it: `AB:CD:…`.
  public func fingerprint() throws(AccessError) -> String {
    let certificate = try Self.leaf(certificateChainPEM, path: certificatePath)
    var serializer = DER.Serializer()
    do { try serializer.serialize(certificate) } catch {
      throw .certificate(path: certificatePath, reason: "\(error)")
    }
    return SHA256.hash(data: serializer.serializedBytes).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return byte < 16 ? "0" + digits : digits
    }.joined(separator: ":")
  }

  /// What a server needs to speak TLS 1.2 and 1.3.
  /// - Parameter protocols: ALPN names in order of preference.
  public func serverConfiguration(protocols: [String] = ["http/1.1"]) throws(AccessError) -> TLSConfiguration {
    do {
      let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificateChainPEM.utf8))
      let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = protocols
      return configuration
    } catch {
      throw .certificate(path: certificatePath, reason: "\(error)")
    }
  }

  // MARK: Self-signed

  /// Days a self-signed certificate is good for; browsers refuse more than 398.
  static let validityDays = 397
  /// A certificate that ends sooner than this is replaced.
  static let renewalDays = 30

  /// The self-signed certificate kept in `directory` as `tls-certificate.pem` and `tls-key.pem`; a new one is made
  /// when there is none, it ends within 30 days, or it lacks one of the names.
  /// - Parameters:
  ///   - names: host names and addresses of this server beside localhost, 127.0.0.1 and ::1.
  ///   - now: seconds since 1970.
  public static func selfSigned(
    directory: String, names: [String], nowSecondsSince1970 now: Double
  ) throws(AccessError) -> TLSMaterial {
    let wanted = subjectNames(names)
    let certificateFile = directory + "/tls-certificate.pem"
    let keyFile = directory + "/tls-key.pem"
    if FileManager.default.fileExists(atPath: certificateFile), FileManager.default.fileExists(atPath: keyFile) {
      let kept = try TLSMaterial(certificateFile: certificateFile, keyFile: keyFile)
      if try kept.isUsable(for: wanted, until: now + Double(renewalDays) * 86_400) { return kept }
    }
    do { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
      throw .file(path: directory, reason: error.localizedDescription)
    }
    let (certificate, key) = try makeSelfSigned(wanted, now: now, path: certificateFile)
    try PrivateFile.write(key, to: keyFile)
    try PrivateFile.write(certificate, to: certificateFile)
    return TLSMaterial(certificateChainPEM: certificate, keyPEM: key, certificatePath: certificateFile)
  }

  private static func subjectNames(_ names: [String]) -> [GeneralName] {
    var result: [GeneralName] = []
    for name in ["localhost", "127.0.0.1", "::1"] + names where !name.isEmpty {
      let general: GeneralName =
        if let bytes = IPAddress.bytes(name) {
          .ipAddress(.init(contentBytes: bytes[...]))
        } else {
          .dnsName(name.lowercased())
        }
      if !result.contains(general) { result.append(general) }
    }
    return result
  }

  private func isUsable(for names: [GeneralName], until seconds: Double) throws(AccessError) -> Bool {
    let certificate = try Self.leaf(certificateChainPEM, path: certificatePath)
    guard certificate.notValidAfter.timeIntervalSince1970 > seconds else { return false }
    guard let present = try? certificate.extensions.subjectAlternativeNames else { return false }
    return names.allSatisfy { present.contains($0) }
  }

  private static func makeSelfSigned(
    _ names: [GeneralName], now: Double, path: String
  ) throws(AccessError) -> (certificate: String, key: String) {
    let key = P256.Signing.PrivateKey()
    // An hour back, for clients whose clocks are behind.
    let start = Date(timeIntervalSince1970: now - 3600)
    do {
      let subject = try DistinguishedName {
        OrganizationName("WorldSystem")
        CommonName("WorldSystem self-signed")
      }
      let certificate = try Certificate(
        version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: start,
        notValidAfter: start.addingTimeInterval(Double(validityDays) * 86_400), issuer: subject, subject: subject,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          // No KeyUsage: without keyCertSign in it, OpenSSL would not take the certificate as its own issuer, and
          // a client that trusts exactly this certificate would refuse it.
          try ExtendedKeyUsage([.serverAuth])
          SubjectAlternativeNames(names)
        },
        issuerPrivateKey: .init(key))
      return (try certificate.serializeAsPEM().pemString + "\n", key.pemRepresentation + "\n")
    } catch {
      throw .certificate(path: path, reason: "\(error)")
    }
  }

  private static func leaf(_ pem: String, path: String) throws(AccessError) -> Certificate {
    do {
      guard let first = try PEMDocument.parseMultiple(pemString: pem).first else {
        throw AccessError.certificate(path: path, reason: "no certificate in this file")
      }
      return try Certificate(pemDocument: first)
    } catch let error as AccessError {
      throw error
    } catch {
      throw .certificate(path: path, reason: "no certificate in PEM that can be read")
    }
  }
}
