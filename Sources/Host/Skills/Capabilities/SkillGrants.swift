/// What the operator lets one skill have. The skill's own keyed storage is harmless and always granted.
package struct SkillGrants: Sendable, Hashable {
  private let scopes: Set<Scope>
  private let isUnlimited: Bool

  /// Nothing but the harmless.
  package static let harmless = SkillGrants([])
  /// Whatever a skill declares: for trials in which nothing of it leads anywhere.
  package static let everything = SkillGrants([], isUnlimited: true)

  private init(_ scopes: Set<Scope>, isUnlimited: Bool = false) {
    self.isUnlimited = isUnlimited
    self.scopes = scopes.union([.keyValueRead, .keyValueWrite])
  }

  /// - Parameter texts: scopes as manifests write them, such as `http:GET https://api.example.org/*`.
  package init(granting texts: some Sequence<String>) throws(ScopeError) {
    var scopes: Set<Scope> = []
    for text in texts { scopes.insert(try Scope(parsing: text)) }
    self.init(scopes)
  }

  /// Whether a granted scope is equal to `scope` or wider.
  func isGranted(_ scope: Scope) -> Bool {
    isUnlimited || scopes.contains { $0.covers(scope) }
  }

  /// The scopes of `tool` that wait for a grant, in the order of their texts.
  func missing(for tool: ToolDeclaration) -> [Scope] {
    tool.scopes.filter { !isGranted($0) }.sorted { $0.text < $1.text }
  }
}
