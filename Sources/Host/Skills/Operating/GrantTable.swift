/// What each skill may use.
struct GrantTable: Sendable {
  private let lookUp: @Sendable (String) -> SkillGrants

  /// - Parameter granted: texts of scopes, by the id of the skill. One that this version does not know grants nothing.
  init(_ granted: [String: Set<String>] = [:]) {
    let grants = granted.mapValues { texts in
      (try? SkillGrants(granting: texts.filter { (try? Scope(parsing: $0)) != nil })) ?? .harmless
    }
    lookUp = { grants[$0] ?? .harmless }
  }

  /// Whatever the operator decides.
  init(fixed lookUp: @escaping @Sendable (String) -> SkillGrants) {
    self.lookUp = lookUp
  }

  func grants(to skill: String) -> SkillGrants { lookUp(skill) }

  /// Whether the scope is granted as such or within a wider one.
  func isGranted(_ scope: String, to skill: String) -> Bool {
    guard let scope = try? Scope(parsing: scope) else { return false }
    return lookUp(skill).isGranted(scope)
  }

  /// Whether every skill has the scope.
  static func isGrantedToAll(_ scope: String) -> Bool { GrantTable().isGranted(scope, to: "") }
}
