package import NIOCore
package import NIOSSL

extension RawClient {
  /// For `prepare`: TLS that takes any certificate and tells whose it was.
  package static func tls(
    maximum: TLSVersion = .tlsv13, sees: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> @Sendable (any Channel) throws -> Void {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .noHostnameVerification
    configuration.minimumTLSVersion = .tlsv1
    configuration.maximumTLSVersion = maximum
    let context = try NIOSSLContext(configuration: configuration)
    return { channel in
      let handler = try NIOSSLClientHandler(
        context: context, serverHostname: nil,
        customVerificationCallback: { certificates, promise in
          sees(certificates.first.map { "\($0)" } ?? "")
          promise.succeed(.certificateVerified)
        })
      try channel.pipeline.syncOperations.addHandler(handler)
    }
  }
}
