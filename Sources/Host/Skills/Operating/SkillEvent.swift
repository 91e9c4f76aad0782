/// Something that happened to a skill, or was decided about one: for the audit log. Ids, hashes and codes only.
package struct SkillEvent: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case loaded
    case refused
    case removed
    case quarantined
    case disabled
    case enabled
    case granted
    case revoked
    case rolledBack = "rolled_back"
    case rollbackUndone = "rollback_undone"
    case keyTrusted = "key_trusted"
    case keyDistrusted = "key_distrusted"
    case decisionsRefused = "decisions_refused"
  }

  package let kind: Kind
  /// The skill's id; nil where it is not known.
  package var skill: String?
  /// SHA-256 of the image concerned.
  package var build: String?
  package var version: String?
  /// The file, relative to the plug-in folder.
  package var file: String?
  /// A stable code.
  package var reason: String?
  /// What was decided on: a scope, a key's name, the hash of another build.
  package var subject: String?

  init(
    _ kind: Kind, skill: String? = nil, build: String? = nil, version: String? = nil, file: String? = nil, reason: String? = nil,
    subject: String? = nil
  ) {
    self.kind = kind
    self.skill = skill
    self.build = build
    self.version = version
    self.file = file
    self.reason = reason
    self.subject = subject
  }
}

extension SkillDecisions {
  /// What was decided between `earlier` and these, in a fixed order.
  func changes(since earlier: SkillDecisions) -> [SkillEvent] {
    var events: [SkillEvent] = []
    events += disabled.subtracting(earlier.disabled).sorted().map { SkillEvent(.disabled, skill: $0) }
    events += earlier.disabled.subtracting(disabled).sorted().map { SkillEvent(.enabled, skill: $0) }
    for id in Set(grants.keys).union(earlier.grants.keys).sorted() {
      let (now, before) = (grants[id] ?? [], earlier.grants[id] ?? [])
      events += now.subtracting(before).sorted().map { SkillEvent(.granted, skill: id, subject: $0) }
      events += before.subtracting(now).sorted().map { SkillEvent(.revoked, skill: id, subject: $0) }
    }
    for id in Set(rollbacks.keys).union(earlier.rollbacks.keys).sorted() where rollbacks[id] != earlier.rollbacks[id] {
      if let rollback = rollbacks[id] {
        events.append(SkillEvent(.rolledBack, skill: id, build: rollback.from, subject: rollback.to))
      } else {
        events.append(SkillEvent(.rollbackUndone, skill: id, build: earlier.rollbacks[id]?.from))
      }
    }
    for name in Set(keys.keys).union(earlier.keys.keys).sorted() where keys[name] != earlier.keys[name] {
      if earlier.keys[name] != nil { events.append(SkillEvent(.keyDistrusted, subject: name)) }
      if keys[name] != nil { events.append(SkillEvent(.keyTrusted, subject: name)) }
    }
    return events
  }
}
