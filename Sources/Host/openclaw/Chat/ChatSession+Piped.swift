extension ChatSession {
  /// Says each line that is not empty, and shows everything the robot answers before the next is said.
  ///
  /// - Returns: whether every line was taken.
  func talk<Lines: AsyncSequence>(_ lines: Lines) async throws -> Bool where Lines.Element == String {
    var position = try await begin()
    var allTaken = true
    for try await line in lines where !line.allSatisfy(\.isWhitespace) {
      do {
        let message = try await send(line)
        var page: Page
        repeat {
          page = try await read(after: position, settling: message)
          position = page.last
        } while !page.settled
      } catch let refusal as PlaygroundRefusal {
        allTaken = false
        try await note("refused: \(refusal.description.printable)")
      }
    }
    return allTaken
  }
}
