import Foundation

/// The lines of standard input, each read when it is asked for, on a thread that may block.
struct StandardInput: AsyncSequence, AsyncIteratorProtocol, Sendable {
  private let queue = DispatchQueue(label: "openclaw.chat.input")

  func next() async -> String? {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: readLine()) }
    }
  }

  func makeAsyncIterator() -> StandardInput { self }
}
