import Core
import Synchronization

/// On whose behalf a call runs and what its tool may ask for. Fixed by the host when the call begins.
struct CallGrant: Sendable {
  let skill: String
  let build: String
  let tool: String
  let effect: Effect
  /// What the tool declares and the operator granted.
  let scopes: Set<Scope>
  let requester: String
  let requestID: RequestID
  /// Where a message of the tool goes; nil when the call did not come from a chat.
  var origin: ReplyAddress?
  /// When nobody waits for the call any more.
  var deadline: ContinuousClock.Instant = .now + .seconds(60)
  var log: SkillLog?
  /// How many messages this call has sent.
  let messages = MessageCount()

  /// Counts up to a limit, over all requests of one call.
  final class MessageCount: Sendable {
    private let count = Atomic(0)

    /// False when the limit was reached before.
    func admit(atMost limit: Int) -> Bool {
      count.wrappingAdd(1, ordering: .relaxed).oldValue < limit
    }
  }
}
