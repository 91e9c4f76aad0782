import Core
import Foundation
import Glibc
import Synchronization

/// Looks names up with the system's resolver, each on a thread of its own, because it blocks.
final class SystemResolver: Sendable {
  static let shared = SystemResolver()

  private static let mostLookups = 16

  private let running = Atomic(0)

  /// All addresses of a name. Returns early when the task is cancelled; the look-up itself runs to its end.
  func addresses(of name: String) async throws(CapabilityError) -> [IPAddress] {
    guard running.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostLookups else {
      running.wrappingSubtract(1, ordering: .relaxed)
      throw CapabilityError(.unavailable, "too many names are being looked up: try again later")
    }
    let promise = Promise()
    let found: [IPAddress]? = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        promise.await(with: continuation)
        let thread = Thread {
          let addresses = Self.lookUp(name)
          self.running.wrappingSubtract(1, ordering: .relaxed)
          promise.fulfil(addresses)
        }
        thread.name = "resolve"
        thread.start()
      }
    } onCancel: {
      promise.fulfil(nil)
    }
    guard let found else { throw CapabilityError(.deadline, "the name was not found in time") }
    return found
  }

  /// Blocks.
  private static func lookUp(_ name: String) -> [IPAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var next = list
    while let entry = next {
      if let address = IPAddress(entry.pointee), !addresses.contains(address) { addresses.append(address) }
      next = entry.pointee.ai_next
    }
    return addresses
  }

  /// The first word counts, whether it comes before or after somebody waits for it.
  private final class Promise: Sendable {
    private enum State {
      case open
      case awaited(CheckedContinuation<[IPAddress]?, Never>)
      case fulfilled([IPAddress]?)
    }

    private let state = Mutex(State.open)

    func await(with continuation: CheckedContinuation<[IPAddress]?, Never>) {
      let early: [IPAddress]?? = state.withLock { state in
        if case .fulfilled(let value) = state { return .some(value) }
        state = .awaited(continuation)
        return nil
      }
      if let early { continuation.resume(returning: early) }
    }

    func fulfil(_ value: [IPAddress]?) {
      let continuation: CheckedContinuation<[IPAddress]?, Never>? = state.withLock { state in
        defer { if case .fulfilled = state {} else { state = .fulfilled(value) } }
        if case .awaited(let continuation) = state { return continuation }
        return nil
      }
      continuation?.resume(returning: value)
    }
  }
}
