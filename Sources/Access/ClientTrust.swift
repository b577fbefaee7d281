public import NIOSSL

/// Which servers a TLS client believes.
public enum ClientTrust: Sendable, Hashable {
  /// Those the certificate authorities of this machine vouch for.
  case system
  /// Those, and the owner of the certificate in this PEM file: for a self-signed server.
  case certificate(file: String)
  /// Anybody. The connection is encrypted, but to whom is unknown.
  case anybody

  /// What a client needs to speak TLS.
  public func configuration() throws(AccessError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    switch self {
    case .system: break
    case .anybody: configuration.certificateVerification = .none
    case .certificate(let file):
      do {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(PrivateFile.readPublic(file).utf8))
        configuration.additionalTrustRoots = [.certificates(certificates)]
      } catch let error as AccessError {
        throw error
      } catch {
        throw .certificate(path: file, reason: "no certificate in PEM that can be read")
      }
    }
    return configuration
  }
}
