import AsyncHTTPClient
import Core
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Performs requests of skills: resolves, checks every address, connects to the checked one, and follows redirects one by one.
///
/// Every request has a connection of its own: nothing is shared between skills, neither connections nor cookies.
struct HTTPFetcher: Sendable {
  typealias Resolver = @Sendable (_ name: String) async throws(CapabilityError) -> [IPAddress]
  /// Asked for the first URL and for each redirect; throws when it is not allowed.
  typealias Admission = @Sendable (HTTPScope.Method, CanonicalURL) async throws(CapabilityError) -> Void

  static let mostRedirects = 5
  /// Bytes of an answer's body.
  static let largestAnswer = 1 << 20
  static let longestTime: Duration = .seconds(30)
  /// Of the addresses of one name, how many are tried.
  private static let mostAddresses = 3
  private static let mostHeaders = 128
  private static let largestHeaders = 65_536

  private let privateHosts: Set<PrivateHost>
  private let resolve: Resolver

  init(
    privateHosts: Set<PrivateHost>,
    resolve: @escaping Resolver = { name throws(CapabilityError) in try await SystemResolver.shared.addresses(of: name) }
  ) {
    self.privateHosts = privateHosts
    self.resolve = resolve
  }

  /// Fetches with all redirects, at the latest until `deadline`. Secrets are taken out of what comes back.
  func fetch(
    _ request: HTTPFetchRequest, secrets: [InjectedHeader], until deadline: ContinuousClock.Instant,
    admit: @escaping Admission
  ) async throws(CapabilityError) -> HTTPFetchAnswer {
    let limit = min(deadline, .now + Self.longestTime)
    let late = Result<HTTPFetchAnswer, CapabilityError>.failure(
      CapabilityError(.deadline, "no complete answer within the time that is left of the call"))
    let outcome = await withTaskGroup(of: Result<HTTPFetchAnswer, CapabilityError>.self) { group in
      group.addTask {
        do throws(CapabilityError) {
          return .success(try await follow(request, secrets: secrets, until: limit, admit: admit))
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        // Cancelled when the answer is there, or with the call: late either way.
        try? await Task.sleep(until: limit, clock: .continuous)
        return late
      }
      defer { group.cancelAll() }
      return await group.next() ?? late
    }
    var answer = try outcome.get()
    answer.remove(secrets.flatMap { $0.secrets.map { $0.value.reveal() } })
    return answer
  }

  private func follow(
    _ request: HTTPFetchRequest, secrets: [InjectedHeader], until deadline: ContinuousClock.Instant, admit: Admission
  ) async throws(CapabilityError) -> HTTPFetchAnswer {
    var request = request
    var url = request.url
    var secrets = secrets
    for _ in 0...Self.mostRedirects {
      try await admit(request.method, url)
      let answer = try await perform(request, at: url, secrets: secrets, until: deadline)
      guard [301, 302, 303, 307, 308].contains(answer.status),
        let location = answer.headers.first(where: { $0.name == "location" })?.value
      else { return answer }
      let next: CanonicalURL
      do throws(CanonicalURL.Invalid) {
        next = try url.resolving(location)
      } catch {
        throw CapabilityError(.denied, "\(url.origin) redirects to a URL that is refused: \(error.reason)")
      }
      request.redirect(answer.status, leaves: next.origin != url.origin)
      secrets = next.origin == url.origin ? secrets.filter { $0.isAllowed(at: next) } : []
      url = next
    }
    throw CapabilityError(.unavailable, "more than \(Self.mostRedirects) redirects")
  }

  private func perform(
    _ request: HTTPFetchRequest, at url: CanonicalURL, secrets: [InjectedHeader], until deadline: ContinuousClock.Instant
  ) async throws(CapabilityError) -> HTTPFetchAnswer {
    var message = HTTPClientRequest(url: url.text)
    message.method = HTTPMethod(rawValue: request.method.rawValue)
    message.headers.add(name: "Host", value: url.authority)
    message.headers.add(name: "Accept-Encoding", value: "identity")
    message.headers.add(name: "Connection", value: "close")
    for (name, value) in request.headers { message.headers.add(name: name, value: value) }
    for header in secrets {
      guard HTTPFetchRequest.isFieldValue(header.value) else {
        throw CapabilityError(.unavailable, "a secret has characters that cannot stand in a header")
      }
      message.headers.add(name: header.name, value: header.value)
    }
    if !message.headers.contains(name: "User-Agent") { message.headers.add(name: "User-Agent", value: "openclaw") }
    if let body = request.body { message.body = .bytes(ByteBuffer(bytes: body)) }

    let addresses = try await checkedAddresses(of: url)
    var failure: (any Error)?
    for address in addresses.prefix(Self.mostAddresses) {
      do {
        return try await send(message, to: address, for: url, until: deadline)
      } catch let error as CapabilityError {
        throw error
      } catch {
        failure = error
        // Only what never reached anybody may be said again, to the next address.
        guard Self.isBeforeSending(error), !Task.isCancelled else { break }
      }
    }
    if let failure, Self.isBeforeSending(failure) {
      throw CapabilityError(.unavailable, "no connection to \(url.origin)")
    }
    throw CapabilityError(.unavailable, "no complete answer from \(url.origin)")
  }

  /// Where a request may go. One bad address spoils all of them: who answers with it is not to be trusted with the others.
  private func checkedAddresses(of url: CanonicalURL) async throws(CapabilityError) -> [IPAddress] {
    let addresses: [IPAddress]
    switch url.host {
    case .address(let address): addresses = [address]
    case .name(let name): addresses = try await resolve(name)
    }
    guard !addresses.isEmpty else { throw CapabilityError(.unavailable, "the name '\(url.host.text)' has no address") }
    guard addresses.allSatisfy(\.isPublic) || privateHosts.contains(PrivateHost(url)) else {
      throw CapabilityError(
        .denied, "\(url.host.text) is in a private network; the operator may open it with skills.allow_private")
    }
    return addresses
  }

  private func send(
    _ message: HTTPClientRequest, to address: IPAddress, for url: CanonicalURL, until deadline: ContinuousClock.Instant
  ) async throws -> HTTPFetchAnswer {
    let timeLeft = TimeAmount(max(.milliseconds(1), deadline - .now))
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: min(.seconds(5), timeLeft)))
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    // The connection goes to the address that was checked; certificate and Host stay the name's.
    if case .name(let name) = url.host { configuration.dnsOverride[name] = address.description }
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let outcome: Result<HTTPFetchAnswer, any Error>
    do {
      let response = try await client.execute(message, timeout: timeLeft)
      outcome = .success(try await Self.read(response, from: url))
    } catch {
      outcome = .failure(error)
    }
    // Ends the connection of an answer that was given up. It was the only one, so nobody else can be harmed by a failure.
    try? await client.shutdown()
    return try outcome.get()
  }

  private static func read(_ response: HTTPClientResponse, from url: CanonicalURL) async throws -> HTTPFetchAnswer {
    let size = response.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    guard response.headers.count <= mostHeaders, size <= largestHeaders else {
      throw CapabilityError(.tooLarge, "\(url.origin) answers with too many headers")
    }
    var body: [UInt8] = []
    for try await piece in response.body {
      guard piece.readableBytes <= largestAnswer - body.count else {
        throw CapabilityError(.tooLarge, "the answer of \(url.origin) is over \(largestAnswer) bytes")
      }
      body += piece.readableBytesView
    }
    return HTTPFetchAnswer(
      status: Int(response.status.code), headers: response.headers.map { (name: $0.name.lowercased(), value: $0.value) },
      body: body)
  }

  private static func isBeforeSending(_ error: any Error) -> Bool {
    if error is NIOConnectionError { return true }
    // Connecting to a literal address fails with the bare system error; only these cannot come later.
    if let error = error as? IOError {
      return [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
    }
    guard let error = error as? HTTPClientError else { return false }
    return [.connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout].contains(error)
  }
}

extension HTTPFetchRequest {
  /// Becomes the request that answers a redirect, as browsers do it.
  fileprivate mutating func redirect(_ status: Int, leaves: Bool) {
    if status == 303 && method != .head || (status == 301 || status == 302) && method == .post {
      method = .get
      body = nil
      headers.removeAll { $0.name.lowercased().hasPrefix("content-") }
    }
    // What was meant for one place is not for another.
    if leaves { headers.removeAll { ["authorization", "cookie"].contains($0.name.lowercased()) } }
  }
}
