package import Logging
package import Policy
import ServiceLifecycle
package import Storage

/// Keeps the rules up to date about who is enrolled: the store says, and every instance follows.
package struct PeopleKeeper: Service {
  private let store: Store
  private let policy: PolicyEngine
  private let logger: Logger

  package init(store: Store, policy: PolicyEngine, logger: Logger) {
    self.store = store
    self.policy = policy
    self.logger = logger
  }

  /// Takes up what the store says. Call before anything is decided.
  package func follow() async throws {
    let people = try await store.read { try $0.enrolledPeople() }
    guard policy.setEnrolled(people.map(Person.init)) else { return }
    logger.notice("enrolled people have changed", metadata: ["people": "\(people.count)"])
  }

  /// Follows until graceful shutdown.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await StoreFollowing.run {
        // What cannot be read now is read the next time; until then nothing changes.
        try? await follow()
      }
    }
  }
}

extension Person {
  package init(_ person: EnrolledPerson) {
    self.init(name: person.name, roles: person.roles, ids: person.ids)
  }
}
