import Foundation
import TerminalInput

/// The terminal of a person: lines with editing and history go in, messages appear above the prompt.
///
/// `@unchecked Sendable`: the one stored pointer never changes, `oc_terminal_show` may be called on any thread, lines are
/// read on one thread only, and `close` is called after that thread has said that it is done.
final class LineEditor: @unchecked Sendable {
  /// Lines as they are typed; ends with Ctrl-D. At most `waitingLines` wait, further ones are answered with a note.
  let lines: AsyncStream<String>

  private static let waitingLines = 100
  private let terminal: OpaquePointer
  private let messages = DispatchQueue(label: "openclaw.chat.messages")

  /// Whether somebody sits at both ends.
  static var isPossible: Bool {
    let kind = ProcessInfo.processInfo.environment["TERM"] ?? ""
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !["", "dumb"].contains(kind)
  }

  /// Nil when there is no terminal.
  init?(prompt: String) {
    guard let terminal = oc_terminal_open(prompt) else { return nil }
    self.terminal = terminal
    let (lines, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(Self.waitingLines))
    self.lines = lines
    // The address, because a pointer is not Sendable; the thread ends before `close` lets go of it.
    let address = UInt(bitPattern: terminal)
    let thread = Thread {
      guard let terminal = OpaquePointer(bitPattern: address) else { return }
      Self.readLines(of: terminal, into: continuation)
    }
    thread.name = "terminal"
    thread.start()
  }

  private static func readLines(of terminal: OpaquePointer, into continuation: AsyncStream<String>.Continuation) {
    var text: UnsafeMutablePointer<CChar>?
    while oc_terminal_read_line(terminal, &text) == 1, let line = text {
      defer { free(line) }
      if case .dropped = continuation.yield(String(cString: line)) {
        _ = oc_terminal_show(terminal, "[not sent: \(waitingLines) lines are waiting already]")
      }
    }
    continuation.finish()
  }

  /// Shows `text` above the prompt. It may wait for the terminal, so it waits on a thread of its own.
  func show(_ text: String) async {
    await withCheckedContinuation { continuation in
      messages.async {
        _ = oc_terminal_show(self.terminal, text)
        continuation.resume()
      }
    }
  }

  /// Gives the terminal back; only after `lines` has ended, and as the last call.
  func close() {
    oc_terminal_close(terminal)
  }
}
