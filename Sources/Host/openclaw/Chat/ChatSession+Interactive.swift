extension ChatSession {
  /// Says what the person types and shows whatever the robot says, at any time, until `lines` ends.
  ///
  /// A service that goes away is waited for: whoever sits at a terminal decides alone when to leave.
  func converse<Lines: AsyncSequence & Sendable>(
    _ lines: Lines, from start: Int64
  ) async throws where Lines.Element == String {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await listen(from: start) }
      for try await line in lines where !line.allSatisfy(\.isWhitespace) {
        do {
          _ = try await send(line)
        } catch let error as PlaygroundError {
          try await note("not sent: \(error.reason.printable)")
        } catch let refusal as PlaygroundRefusal {
          try await note("refused: \(refusal.description.printable)")
        }
      }
      group.cancelAll()
    }
  }

  private func listen(from start: Int64) async throws {
    var position = start
    var isLost = false
    while !Task.isCancelled {
      let trouble: String
      do {
        // After a loss the first question does not wait, so that the person learns at once that it is over.
        let page = try await read(after: position, wait: isLost ? .zero : Self.longPoll)
        if isLost { try await note("connected again") }
        isLost = false
        // A service that counts from the beginning again has said nothing yet that was shown here.
        position = page.last < position ? 0 : page.last
        continue
      } catch let error as PlaygroundError {
        trouble = error.reason
      } catch let refusal as PlaygroundRefusal {
        trouble = refusal.description
      }
      guard !Task.isCancelled else { return }
      if !isLost { try await note("connection lost: \(trouble.printable); trying again") }
      isLost = true
      try await pause(Self.reconnectPause)
    }
  }
}
