import Core
import Policy
import Storage
import Synchronization

/// Events that are put aside: who is told, and how many there are.
extension EventWorker {
  /// Admins who were told look at all that are put aside; more of them within this time are no news.
  private static let newsInterval = Duration.seconds(3600)

  /// How many events are put aside, as it was found at most half a minute ago.
  package var deadLetters: Int64 { desk.withLock(\.deadLetters) }

  func tellAdmins(ofUnreadable sequence: Int64, in transaction: Transaction) throws {
    let requestID = try transaction.deadLetter(sequence).flatMap { RequestID($0.letter.requestID) }
    try tellAdmins(ofBuried: sequence, requestID: requestID ?? RequestID(), in: transaction)
  }

  /// Tells every admin, where that admin last wrote to the robot alone. Call in the transaction that puts the event aside.
  func tellAdmins(ofBuried sequence: Int64, requestID: RequestID, in transaction: Transaction) throws {
    let since = transaction.now.advanced(by: .zero - Self.newsInterval)
    guard try !transaction.wasAnotherBuried(than: sequence, since: since) else { return }
    let text = """
      An event could not be worked on and was put aside. On the server: openclaw queue show \(sequence), then retry or drop. \
      Request \(requestID)
      """
    try transaction.tellAdmins(MessageContent(text: text), about: requestID) { agent.policy.subject($0).isAdmin }
  }

  /// Once in half a minute: somebody at a terminal changes it as well.
  func countDeadLetters() async {
    let now = store.clock.now()
    guard desk.withLock({ $0.counting.isDue(at: now) }), let count = try? await store.read({ try $0.deadLetterCount() })
    else { return }
    desk.withLock { $0.deadLetters = Int64(count) }
  }
}
