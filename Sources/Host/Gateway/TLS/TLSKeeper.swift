import Foundation
package import Logging
import NIOSSL
package import Operations
import ServiceLifecycle
import Synchronization
import Watching

/// Holds the certificate in use and follows its files: new connections get the new one, a broken pair changes nothing.
package final class TLSKeeper: Service {
  /// The part under which it reports to `Health`.
  package static let healthPart = "tls"

  private let certificate: TLSCertificate
  private let health: Health
  private let logger: Logger
  private let inUse: Mutex<TLSCertificate.Loaded>
  private let lastProblem = Mutex<String?>(nil)

  /// Reads the files. Blocks.
  package init(_ certificate: TLSCertificate, health: Health, logger: Logger) throws(TLSError) {
    guard let loaded = try certificate.load() else { throw TLSError("\(certificate.chainPath) was not read") }
    self.certificate = certificate
    self.health = health
    self.logger = logger
    inUse = Mutex(loaded)
    health.report(Self.healthPart, .ok)
  }

  /// What a new connection uses.
  var context: NIOSSLContext { inUse.withLock { $0.context } }

  /// Watches the folders of both files until shutdown.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for folder in self.certificate.folders {
          group.addTask {
            for await _ in DirectoryWatcher(folder, logger: self.logger) { await self.look() }
          }
        }
      }
    }
  }

  /// Reads the files again on a thread of its own.
  func look() async {
    await withCheckedContinuation { continuation in
      let thread = Thread {
        self.reload()
        continuation.resume()
      }
      thread.name = "tls-reload"
      thread.start()
    }
  }

  /// Takes changed files into use. Blocks.
  func reload() {
    do throws(TLSError) {
      let known = inUse.withLock { $0.digest }
      if let loaded = try certificate.load(unless: known) {
        inUse.withLock { $0 = loaded }
        logger.notice("certificate loaded", metadata: ["file": .string(certificate.chainPath)])
      }
      let hasExpired = inUse.withLock { $0.expires } < Date()
      note(hasExpired ? "the certificate in \(certificate.chainPath) has expired" : nil)
    } catch {
      note("the last good certificate stays in use: \(error)")
    }
  }

  /// Reports to `Health`, and to the log when the problem is a new one.
  private func note(_ problem: String?) {
    let isNews = lastProblem.withLock { last in
      defer { last = problem }
      return last != problem
    }
    health.report(Self.healthPart, problem.map { .degraded($0) } ?? .ok)
    guard isNews, let problem else { return }
    logger.error("certificate refused", metadata: ["reason": .string(problem)])
  }
}
